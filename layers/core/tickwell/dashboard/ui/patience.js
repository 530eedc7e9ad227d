// Requests that wait where the API asks to, and go again where that may help.

import { ApiError } from "../lib/api.js";
import { duration } from "../lib/time.js";

const MOST_TRIES = 5;
const SHORTEST_WAIT_SECONDS = 2;

/**
 * What `send` resolves to; it is called again while that may help, so it has to send the same request each time.
 * `onWait` is told of each pause, in seconds. `signal`, if given, ends the waiting at once.
 */
export async function patiently(send, { signal, onWait }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      const seconds = signal?.aborted ? null : waitAfter(error, tries);
      if (seconds === null) throw error;
      onWait(seconds);
      await sleep(seconds, signal);
    }
  }
}

/** What is said meanwhile of a pause of so many seconds. */
export const asksToWait = (seconds) => `The API asks to wait: it goes on in ${duration(seconds * 1000)}.`;

/** How long to wait before the same request may go again; null where that would not help. */
function waitAfter(error, tries) {
  if (!(error instanceof ApiError)) return null;
  if (error.status === 429) return error.retryAfter || SHORTEST_WAIT_SECONDS;
  const passes = error.status === 0 || error.status >= 500 || error.code === "IDEMPOTENCY_IN_PROGRESS";
  return passes && tries < MOST_TRIES ? Math.max(error.retryAfter || 0, SHORTEST_WAIT_SECONDS * tries) : null;
}

/** Resolves after so many seconds; rejects at once when `signal` ends. */
function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
