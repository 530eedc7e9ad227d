// A JSON value that can be folded and copied.

import { h } from "../lib/dom.js";
import { number, plural } from "../lib/time.js";
import { copyButton } from "./button.js";

const OPEN_LEVELS = 2;
const OPEN_ENTRIES = 30;
const ENTRIES_AT_ONCE = 100;
const LONG_TEXT = 400;

/**
 * A view of `value`, with a button that copies all of it as JSON. Parts are drawn when they are unfolded, so that a
 * large value costs little.
 * @param {*} value
 * @param {{label?: string}} [options] what it is, for screen readers
 */
export function jsonView(value, { label = "JSON" } = {}) {
  const text = () => JSON.stringify(value, null, 2);
  return h("div", { class: "json-view" },
    h("div", { class: "json", role: "region", "aria-label": label, tabindex: "0" }, shown(value, null, 0)),
    copyButton(text, { label: "Copy JSON", bare: true }));
}

function shown(value, name, level) {
  const isTree = value !== null && typeof value === "object" && Object.keys(value).length > 0;
  return isTree ? tree(value, name, level) : h("div", { class: "leaf" }, named(name), leaf(value));
}

function named(name) {
  return name === null ? null : [h("span", { class: "key" }, String(name)), h("span", { class: "quiet" }, ": ")];
}

function tree(value, name, level) {
  const isList = Array.isArray(value);
  const entries = isList ? value.map((each, place) => [place, each]) : Object.entries(value);
  const size = isList ? plural(entries.length, "item") : plural(entries.length, "field");
  const brief = h("span", { class: "quiet" }, isList ? `[ ${size} ]` : `{ ${size} }`);
  const made = h("details", h("summary", named(name), brief));
  const open = () => {
    if (made.open && made.children.length === 1) made.append(branches(entries, level + 1));
  };
  made.addEventListener("toggle", open);
  if (level < OPEN_LEVELS && entries.length <= OPEN_ENTRIES) {
    made.open = true;
    open();
  }
  return made;
}

function branches(entries, level) {
  const list = h("ul");
  const add = (from) => {
    const part = entries.slice(from, from + ENTRIES_AT_ONCE);
    list.append(...part.map(([name, value]) => h("li", shown(value, name, level))));
    const left = entries.length - from - part.length;
    if (left <= 0) return;
    const more = h("li", h("button", { type: "button", class: "link", on: { click: () => {
      more.remove();
      add(from + part.length);
    } } }, `Show more of ${number(left)}`));
    list.append(more);
  };
  add(0);
  return list;
}

function leaf(value) {
  if (typeof value === "string") return longText(value);
  const kind = value === null ? "null" : typeof value;
  return h("span", { class: `value ${kind}` }, JSON.stringify(value));
}

function longText(text) {
  const whole = JSON.stringify(text);
  if (whole.length <= LONG_TEXT) return h("span", { class: "value string" }, whole);
  const made = h("span", { class: "value string" }, `${whole.slice(0, LONG_TEXT)}…`);
  const more = h("button", { type: "button", class: "link", on: { click: () => {
    made.textContent = whole;
    more.remove();
  } } }, "Show all");
  return [made, " ", more];
}
