// Reading and drawing again what is on the screen, without taking the focus away.

/**
 * Change what stands inside `node`; what had the focus gets it back, if something of the same `data-focus` is there,
 * or its neighbour where it cannot be pressed any more.
 * @param {Element} node
 * @param {() => void} change
 */
export function keepFocus(node, change) {
  const active = document.activeElement;
  const name = node.contains(active) ? active.dataset.focus : undefined;
  change();
  if (!name || document.activeElement === active) return;
  const again = node.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  const next = again?.disabled ? again.parentElement.querySelector(":enabled") : again;
  next?.focus({ preventScroll: true });
}

/**
 * Answers may come in another order than they were asked for. Call it before each request, and what it returns when the
 * answer is there: whether none of a later request was there before.
 * @returns {() => () => boolean}
 */
export function inOrder() {
  let [asked, shown] = [0, 0];
  return () => {
    const turn = asked += 1;
    return () => {
      if (turn < shown) return false;
      shown = turn;
      return true;
    };
  };
}

/**
 * For what only the newest answer counts to: each call gives a signal for a request that aborts at the next call, and
 * with `signals`.
 * @param {...AbortSignal} signals
 * @returns {() => AbortSignal}
 */
export function latest(...signals) {
  let asked = null;
  return () => {
    asked?.abort();
    asked = new AbortController();
    return AbortSignal.any([...signals, asked.signal]);
  };
}

/**
 * Call `read` now and then while the page is open and seen; a reading ends before the next one begins.
 * The function that comes back asks for one soon: many calls become one.
 * @param {() => Promise<void>} read never rejects
 * @param {{every: number, soon: number, signal: AbortSignal}} options milliseconds
 * @returns {() => void}
 */
export function keepReading(read, { every, soon, signal }) {
  let timer = null;
  let last = Date.now();
  let isBusy = false;
  let isWanted = false;
  const plan = (delay) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(turn, delay);
  };
  const turn = async () => {
    if (document.hidden) return;
    isBusy = true;
    isWanted = false;
    await read();
    isBusy = false;
    last = Date.now();
    plan(isWanted ? soon : every);
  };
  const hurry = () => {
    if (isBusy) isWanted = true;
    else plan(Math.max(0, last + soon - Date.now()));
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  plan(every);
  return hurry;
}
