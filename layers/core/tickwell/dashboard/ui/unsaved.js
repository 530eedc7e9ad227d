// What was typed and is not sent: leaving asks first, and what is left all the same is kept for whoever comes back.

import { session } from "../lib/session.js";
import { UNSAVED, confirm } from "./dialog.js";
import { toast } from "./toast.js";

/** What was left, by page: {user, kept}. */
const left = new Map();

/** What this user left on a page, once; null where that is nothing. `page`: what names it. */
export function takeUp(page) {
  const found = left.get(page);
  left.delete(page);
  return found?.user === session.user.id ? found.kept : null;
}

/**
 * Asks before what was typed is lost by a link or by the browser; what a page is left with all the same, by the
 * history's ways, is kept.
 * @param {{page: string, kept: *, isTyped: () => boolean, discard: () => void}} told `kept`: what `takeUp` of `page` is
 *   to find; `discard`: whoever was asked gives it up
 * @param {AbortSignal} signal of the page
 */
export function watchTyped({ page, kept, isTyped, discard }, signal) {
  const address = location.hash;
  const user = session.user.id;
  window.addEventListener("beforeunload", (event) => { if (isTyped()) event.preventDefault(); }, { signal });
  document.addEventListener("click", async (event) => {
    const link = leads(event);
    if (!link || !isTyped()) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(await confirm({ ...UNSAVED, danger: true }))) return;
    discard();
    location.href = link.href;
  }, { capture: true, signal });
  signal.addEventListener("abort", () => {
    if (!isTyped()) return;
    left.set(page, { user, kept });
    const back = { label: "Go back to it", run: () => { location.hash = address; } };
    if (session.user) toast("What you typed is not saved", { kind: "info", action: back });
  });
}

/** The link that leads away, if one was pressed; tabs of the same page stay. */
function leads(event) {
  const link = event.target.closest("a[href]:not([href^='#']), a[href^='#/']:not([data-stays])");
  return link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !link.target ? link : null;
}
