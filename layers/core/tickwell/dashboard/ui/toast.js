// Short messages that come and go.

import { h } from "../lib/dom.js";
import { icon } from "./icon.js";

const SECONDS = { ok: 5, info: 6, error: 10 };
const SECONDS_TO_ACT = 12;
const ICONS = { ok: "check", info: "clock", error: "alert" };

/**
 * Tells something in the corner, and to screen readers. It goes away by itself, but not while it is pointed at or
 * has the focus; with an `action` later.
 * @param {string} text
 * @param {{kind?: "ok"|"info"|"error", action?: {label: string, run: Function}}} [options]
 * @returns {Function} takes it away
 */
export function toast(text, { kind = "ok", action } = {}) {
  const region = document.getElementById("toasts");
  const close = () => {
    made.remove();
    if (!region.children.length && region.matches(":popover-open")) region.hidePopover();
  };
  const run = () => {
    close();
    action.run();
  };
  const act = action && h("button", { type: "button", class: "link", on: { click: run } }, action.label);
  const leave = h("button",
    { type: "button", class: "button ghost bare small", title: "Dismiss", on: { click: close } },
    icon("close"), h("span", { class: "hidden-text" }, "Dismiss"));
  const made = h("div", { class: `toast ${kind}` }, icon(ICONS[kind]), h("p", text), act, leave);
  raise(region);
  region.append(made);
  let timer = setTimeout(close, (action ? Math.max(SECONDS[kind], SECONDS_TO_ACT) : SECONDS[kind]) * 1000);
  const stay = () => clearTimeout(timer);
  const go = () => {
    stay();
    if (!made.matches(":hover, :focus-within")) timer = setTimeout(close, 2500);
  };
  for (const event of ["pointerenter", "focusin"]) made.addEventListener(event, stay);
  for (const event of ["pointerleave", "focusout"]) made.addEventListener(event, () => setTimeout(go));
  return close;
}

/** Above whatever dialog is open. */
function raise(region) {
  if (!region.showPopover) return;
  if (region.matches(":popover-open")) region.hidePopover();
  region.showPopover();
}
