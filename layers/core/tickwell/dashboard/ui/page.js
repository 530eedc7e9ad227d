// A page's head, and how its content is loaded.

import { address, ApiError, isAbort, spread } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { duration } from "../lib/time.js";
import { button } from "./button.js";
import { icon } from "./icon.js";
import { keepFocus, latest } from "./refresh.js";
import { skeleton } from "./skeleton.js";

const ASK_AGAIN_MS = 5_000;
const LASTING = [400, 404, 422]; // statuses of requests that would be answered in the same way again

/**
 * Draws the head of a page into `root`; returns the element for the rest. In a tab of the settings it is a part's head.
 * @param {HTMLElement} root
 * @param {{title: string|Node, lead?: *, actions?: *, back?: {label: string, href: string}}} head
 */
export function page(root, { title, lead, actions, back }) {
  const level = root.dataset.level || "1";
  const body = h("div", { class: "page-body" });
  fill(root,
    h("header", { class: "page-head" },
      h("div", { class: "title" },
        back && h("a", { class: "back", href: back.href }, icon("back"), back.label),
        h(`h${level}`, { tabindex: "-1", dir: "auto" }, title), lead && h("div", { class: "lead" }, lead)),
      actions && h("div", { class: "row" }, actions)),
    body);
  return body;
}

/** A part of a page with a heading of its own. */
export function card(title, ...content) {
  return h("section", { class: "card" }, title && h("h2", title), content);
}

/** Names and values: [["Queue", "default"], …]; rows without a value are left out. */
export function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter((row) => row && row[1] !== null && row[1] !== undefined)
    .map(([name, value]) => h("div", h("dt", name), h("dd", value))));
}

/** What to say of an error, in a sentence. */
export function said(error) {
  if (!(error instanceof ApiError)) return "Something went wrong in this page.";
  const wait = error.retryAfter ? ` Try again in ${duration(error.retryAfter * 1000)}.` : "";
  const sentence = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  return `${sentence}${/[.!?]$/.test(sentence) ? "" : "."}${wait}`;
}

/** An error where content should be, with a way to try again; where nothing came through, by itself once it does. */
export function failure(error, retry) {
  if (!(error instanceof ApiError)) console.error(error);
  const offered = retry && !LASTING.includes(error.status)
    && h("div", button("Try again", { icon: "refresh", small: true, onClick: () => retry() }));
  const made = h("div", { class: "alert bad", role: "alert" }, icon("alert"),
    h("div", { class: "stack" }, h("p", said(error)), requestId(error), offered));
  if (retry && error.status === 0) whenReached(made, retry);
  return made;
}

/** Calls `act` once the server answers again, if `element` still stands in the page then. */
function whenReached(element, act) {
  const again = () => element.isConnected && act();
  const ask = async () => {
    if (!element.isConnected) return;
    const isThere = !document.hidden && await fetch(address("/health"), { cache: "no-store" }).catch(() => null);
    if (isThere) again();
    else setTimeout(ask, spread(ASK_AGAIN_MS));
  };
  window.addEventListener("online", again, { once: true });
  setTimeout(ask, spread(ASK_AGAIN_MS));
}

/** By which the server's log names what went wrong. */
export function requestId(error) {
  const isOurs = error instanceof ApiError && error.requestId && error.status >= 500;
  return isOurs ? h("p", { class: "small quiet" }, "Request ", h("code", error.requestId)) : null;
}

/** A note that is no error: kind "info", "ok", "warn" or "bad". */
export function note(kind, ...content) {
  const name = { ok: "check", info: "clock" }[kind] || "alert";
  return h("div", { class: `alert ${kind}` }, icon(name), h("div", content));
}

const turns = new WeakMap();

/**
 * Fills `body` with what `make` resolves to. Meanwhile a skeleton stands there, or what was there before. An error is
 * shown with a button to try again; the error of a page that was left is nothing. Where it is loaded again before that,
 * the older one comes to nothing: `make` gets a signal that aborts then.
 */
export async function load(body, kind, make) {
  if (!turns.has(body)) turns.set(body, latest());
  const turn = turns.get(body)();
  const isFirst = !body.children.length || body.querySelector(":scope > .alert.bad, :scope > .skeleton") !== null;
  if (isFirst) fill(body, typeof kind === "string" ? skeleton(kind) : kind);
  body.setAttribute("aria-busy", "true");
  body.classList.toggle("stale", !isFirst);
  try {
    const made = await make(turn);
    if (!turn.aborted) keepFocus(body, () => fill(body, made));
  } catch (error) {
    if (!isAbort(error) && !turn.aborted) fill(body, failure(error, () => load(body, kind, make)));
  }
  if (turn.aborted) return;
  body.removeAttribute("aria-busy");
  body.classList.remove("stale");
}
