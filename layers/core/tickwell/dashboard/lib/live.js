// Follows a job or the counts: by a stream where the host keeps one open, by asking again where it answers once, and by
// plain requests where neither comes through. Only while the page is seen: browsers open few connections to a host.

import { address, api, isAbort, spread } from "./api.js";

const HIDDEN_MS = 10_000;
const SILENT_MS = 45_000; // a stream says something each 15 seconds, and the longest pause between answers is as long
const BROKEN_MS = 24_000; // after an end, until the browser has a stream again: at least the longest pause, and some
const POLL_MS = 5_000;
const ENDED_MS = 30_000;
const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 60_000];
const ENDED = new Set(["completed", "failed", "cancelled", "deleted"]);

const followers = new Set();
let onReach = () => {};

/** Calls `changed(false)` when what follows the server does not reach it any more, and `changed(true)` afterwards. */
export function onReached(changed) {
  onReach = changed;
}

/** Follows on at once, as after another sign-in. */
export function resume() {
  for (const follower of followers) follower.refresh();
}

/**
 * Tells what `subject` is like, now and each time that it has changed, until `signal` aborts.
 * @param {string} subject "stats", or `jobs/${id}`
 * @param {{onEvent: (name: string, data: object) => void, onState?: (connected: boolean) => void}} listeners `onEvent`
 *   gets "stats" with what GET dashboard/stats gives, or "job" with what GET jobs/{id} gives
 * @param {AbortSignal} signal
 * @returns {{refresh: () => void}} `refresh` looks at once, as after an action that takes up a job that had ended
 */
export function follow(subject, { onEvent, onState = () => {} }, signal) {
  const follower = new Follower(subject, onEvent, onState, signal);
  followers.add(follower);
  signal.addEventListener("abort", () => {
    followers.delete(follower);
    follower.rest();
    follower.reached(true);
  }, { once: true });
  document.addEventListener("visibilitychange", () => follower.seen(!document.hidden), { signal });
  window.addEventListener("online", () => follower.refresh(), { signal });
  window.addEventListener("offline", () => follower.lost(), { signal });
  follower.refresh();
  return { refresh: () => follower.refresh() };
}

class Follower {
  constructor(subject, onEvent, onState, signal) {
    Object.assign(this, { subject, onEvent, onState, signal });
    this.name = subject === "stats" ? "stats" : "job";
    this.failures = 0;
    this.streamAt = 0;
    this.round = 0;
  }

  /** Looks at once, by a stream if there is one to be had, and tells what there is even where that is nothing new. */
  refresh() {
    this.failures = 0;
    this.streamAt = 0;
    this.told = this.known = undefined;
    this.rest();
    if (!this.signal.aborted && !document.hidden) this.look();
  }

  /** A page that is not seen holds no connection, unless it is only for a moment. */
  seen(isSeen) {
    clearTimeout(this.leaving);
    if (!isSeen) this.leaving = setTimeout(() => this.rest(), HIDDEN_MS);
    else if (!this.source) this.refresh();
  }

  /** Neither listens nor comes again by itself. */
  rest() {
    this.round += 1;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    if (this.source) this.source.close();
    this.source = null;
  }

  async look() {
    const { round } = this;
    try {
      if (!this.hasEnded && Date.now() >= this.streamAt) await this.listen(round);
      else await this.ask();
    } catch (error) {
      if (isAbort(error) || round !== this.round) return;
      if (error.status > 0 && error.status < 500) this.connected(false);
      else this.lost();
      // What is gone or forbidden stays so; the page itself tells why. All else may pass.
      if ([401, 403, 404].includes(error.status)) return;
      this.again(Math.max((error.retryAfter || 0) * 1000, this.pause()));
    }
  }

  async listen(round) {
    const { ticket } = await this.ticket();
    if (round !== this.round) return;
    const source = new EventSource(address(`sse/${this.subject}`, { ticket, last_event_id: this.known }));
    this.source = source;
    this.isBroken = false;
    source.addEventListener("open", () => this.heard());
    source.addEventListener(this.name, (event) => {
      this.known = event.lastEventId;
      this.heard();
      this.tell(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (source !== this.source) return;
      if (source.readyState === EventSource.CLOSED) this.closed();
      else if (!this.isBroken) this.listening(BROKEN_MS); // each attempt of the browser tells of an error again
      this.isBroken = true;
    });
    this.listening();
  }

  /** A ticket lives for minutes: it is got anew when a stream does not come again by itself. */
  ticket() {
    return api.post("sse/tickets", { path: `sse/${this.subject}` }, { signal: this.signal });
  }

  heard() {
    this.failures = 0;
    this.isBroken = false;
    this.connected(true);
    this.listening();
  }

  /** Some proxies hold streams back, or let them die without a word. */
  listening(longest = SILENT_MS) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.closed(), spread(longest));
  }

  /** The stream was refused or is silent: look by a plain request, and try again a while later. */
  closed() {
    this.rest();
    this.streamAt = Date.now() + this.pause();
    this.look();
  }

  async ask() {
    const path = this.name === "stats" ? "dashboard/stats" : this.subject;
    const { round } = this;
    const data = await api.get(path, {}, { signal: this.signal });
    if (round !== this.round) return;
    this.connected(true);
    this.tell(data);
    if (!this.hasEnded) this.again(Math.min(POLL_MS, Math.max(0, this.streamAt - Date.now())));
  }

  tell(data) {
    this.hasEnded = this.name === "job" && ENDED.has(data.status) && data.state !== "running";
    const text = JSON.stringify(data);
    if (text !== this.told) this.onEvent(this.name, data);
    this.told = text;
    if (!this.hasEnded) return;
    this.rest(); // somebody may have it run again: that is worth a look now and then, but no stream
    this.again(ENDED_MS);
  }

  again(milliseconds) {
    clearTimeout(this.timer);
    if (!this.signal.aborted && !document.hidden) this.timer = setTimeout(() => this.look(), milliseconds);
  }

  /** Longer each time. */
  pause() {
    const milliseconds = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
    this.failures += 1;
    return spread(milliseconds);
  }

  /** What is shown is old from now on. */
  lost() {
    this.connected(false);
    this.reached(false);
  }

  reached(isReached) {
    if (isReached === (this.isReached ?? true)) return;
    this.isReached = isReached;
    onReach(isReached);
  }

  connected(isConnected) {
    if (isConnected) this.reached(true);
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.onState(isConnected);
  }
}
