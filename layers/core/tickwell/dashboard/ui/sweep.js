// What is done to all that a filter chooses: counted first (a dry run), then done, a piece for each request.

import { api, newKey } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { number, plural } from "../lib/time.js";
import { button } from "./button.js";
import { dialog } from "./dialog.js";
import { said } from "./page.js";
import { asksToWait, patiently } from "./patience.js";
import { toast } from "./toast.js";

/** The sums of what the answers to one walk told. */
class Tally {
  constructor() {
    Object.assign(this, { matched: 0, changed: 0, skipped: 0, failed: 0, reasons: new Map() });
  }

  /** Count one more answer. */
  add(data) {
    for (const name of ["matched", "changed", "skipped", "failed"]) this[name] += data[name];
    for (const { reason, count } of data.reasons) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
  }
}

class Sweep {
  /** `onEnd` is told whether anything was begun. */
  constructor(options, onEnd) {
    this.options = options;
    this.onEnd = onEnd;
    this.state = h("div", { class: "stack", "aria-live": "polite" });
    this.buttons = h("div", { class: "row end" });
    this.ended = new AbortController();
    this.touched = false;
  }

  /** Open the dialog and begin to count. */
  open() {
    this.frame = dialog({
      title: this.options.title,
      content: [this.options.about && h("p", { class: "quiet" }, this.options.about), this.state, this.buttons],
      onClose: () => this.leave(),
    });
    this.count();
  }

  leave() {
    this.ended.abort();
    this.onEnd(this.touched);
  }

  show(...children) {
    fill(this.state, ...children);
  }

  /** Other buttons; the focus goes to the first one, which never begins anything. */
  offer(...buttons) {
    fill(this.buttons, buttons);
    this.buttons.querySelector("button").focus();
  }

  closer(label) {
    return button(label, { onClick: () => this.frame.close() });
  }

  many(count) {
    return plural(count, ...this.options.noun);
  }

  /** What is under way gives way to what comes now. */
  turn() {
    this.step?.abort();
    this.step = new AbortController();
    return this.step;
  }

  /** Walk to the end of the listing; `onPiece` is called after each answer. */
  async walk(step, dryRun, from, onPiece) {
    let cursor = from;
    const signal = AbortSignal.any([this.ended.signal, step.signal]);
    do {
      const body = { ...this.options.body, dry_run: dryRun, ...(cursor ? { cursor } : {}) };
      const idempotencyKey = newKey(); // of one request, however often it is sent
      const data = await patiently(() => api.post(this.options.path, body, { idempotencyKey, signal }),
        { signal, onWait: (seconds) => this.wait(seconds) });
      cursor = data.next_cursor;
      onPiece(data, cursor);
    } while (cursor !== null);
  }

  wait(seconds) {
    this.state.append(h("p", { class: "quiet" }, asksToWait(seconds)));
  }

  /** The dry run. A long one may be cut short: what is to be done is clear from the filter. */
  async count() {
    const step = this.turn();
    const counted = this.counted = new Tally();
    this.show(h("p", {}, "Counting what this is about …"), h("progress", { "aria-label": "Counting" }));
    this.offer(this.closer("Leave them"));
    let isLong = false;
    try {
      await this.walk(step, true, null, (data, next) => {
        counted.add(data);
        if (next === null) return;
        this.show(h("p", {}, `Counted so far: ${this.many(counted.changed)} …`),
          h("progress", { "aria-label": "Counting" }));
        if (!isLong) this.offer(this.closer("Leave them"), this.beginner("all"));
        isLong = true;
      });
    } catch (error) {
      if (!step.signal.aborted && !this.ended.signal.aborted) this.broken(error, () => this.count());
      return;
    }
    counted.whole = true;
    this.show(...this.found(counted));
    if (counted.changed) this.offer(this.closer("Leave them"), this.beginner(this.many(counted.changed)));
    else this.offer(this.closer("Close"));
  }

  /** The button that begins; `which` of them. */
  beginner(which) {
    const { begin, danger } = this.options;
    return button(`${begin} ${which}`, { kind: danger ? "danger" : "primary", onClick: () => this.act() });
  }

  found(counted) {
    const { noun: [one], verb, done } = this.options;
    if (!counted.matched) return [h("p", {}, `No ${one} matches. Nothing is to be done.`)];
    const told = counted.changed ? [h("strong", {}, this.many(counted.changed)), ` will be ${verb}.`]
      : `None of ${this.many(counted.matched)} can be ${done}.`;
    return [h("p", { class: "strong" }, told), ...this.rest(counted, "will be")];
  }

  /** What is not done, and why. */
  rest(tally, verb) {
    const reasons = [...tally.reasons].sort((one, other) => other[1] - one[1]);
    if (!reasons.length) return [];
    return [
      h("p", {}, `${this.many(tally.skipped + tally.failed)} ${verb} left as before:`),
      h("ul", {}, reasons.map(([reason, count]) => h("li", {}, `${number(count)}: ${reason}`))),
    ];
  }

  /** Do it, from the beginning or from where it stopped. */
  async act(from = null) {
    const step = this.turn();
    this.touched = true;
    const done = from === null ? (this.acted = new Tally()) : this.acted;
    this.offer(button("Stop", { icon: "stop", onClick: () => step.abort() }));
    this.progress(done);
    let place = from;
    try {
      await this.walk(step, false, from, (data, next) => { done.add(data); place = next; this.progress(done); });
    } catch (error) {
      if (!this.ended.signal.aborted) this.stopped(step.signal.aborted ? null : error, done, place);
      return;
    }
    this.finish(done);
  }

  /** What went as it was foretold needs no more than a message. */
  finish(done) {
    const { undo } = this.options;
    const text = `${this.many(done.changed)} ${this.options.done}`;
    if (!done.failed && (this.counted.whole || !done.skipped)) {
      this.frame.close();
      toast(text, { action: undo && { label: "Undo", run: undo } });
      return;
    }
    this.show(h("p", { class: "strong" }, `${text}.`), ...this.rest(done, "were"));
    this.offer(this.closer("Close"));
  }

  progress(done) {
    const whole = this.counted.whole ? this.counted.matched : null;
    const bar = whole ? { max: whole, value: Math.min(done.matched, whole) } : {};
    const of = whole ? ` of ${number(whole)}` : "";
    this.show(h("p", {}, `${number(done.matched)}${of} dealt with …`),
      h("progress", { "aria-label": "Progress", ...bar }));
  }

  /** Somebody pressed Stop, or a request failed for good: what was done stays done, and it can go on. */
  stopped(error, done, place) {
    const was = `${this.many(done.changed)} ${this.options.done} so far.`;
    const why = error === null ? "Stopped." : `Stopped. ${said(error)}`;
    this.show(h("p", { class: "strong" }, why), h("p", {}, was), ...this.rest(done, "were"));
    this.offer(this.closer("Close"), button("Go on", { kind: "primary", onClick: () => this.act(place) }));
  }

  broken(error, again) {
    this.show(h("p", { class: "fault" }, `Counting failed. ${said(error)}`));
    this.offer(this.closer("Close"), button("Try again", { kind: "primary", onClick: again }));
  }
}

/**
 * Count what `body` (a filter) chooses at `path`, ask, and do it: a dialog. Resolves, when that is closed, to whether
 * anything was begun.
 * `begin` is the button's word, `verb` as in "will be …", `done` as in "3 jobs …", `noun` is [one, many].
 * `about` says the filter in words; `undo` takes it back, where that is safe.
 * @param {{title: string, path: string, body: object, begin: string, verb: string, done: string,
 *   noun: [string, string], about?: string, danger?: boolean, undo?: () => void}} options
 * @returns {Promise<boolean>}
 */
export function sweep(options) {
  return new Promise((resolve) => { new Sweep(options, resolve).open(); });
}
