// Where there is nothing to show: why, and what to do.

import { h } from "../lib/dom.js";
import { button } from "./button.js";
import { icon } from "./icon.js";

/**
 * Says so.
 * @param {object} told `title`; `text`; `icon`: its name; `action`: an element, or {label, href?, onClick?}
 */
export function empty({ title, text, action, icon: name }) {
  const act = action instanceof Node || !action ? action : button(action.label, { ...action, kind: "primary" });
  return h("div", { class: "empty" },
    name && icon(name), h("p", { class: "strong" }, title), text && h("p", { class: "quiet" }, text), act);
}
