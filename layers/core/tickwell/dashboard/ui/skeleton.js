// What stands where something will be.

import { h } from "../lib/dom.js";

const LINES = { text: 3, form: 6, table: 8, chart: 1, cards: 4, detail: 6 };

/** A placeholder of the shape of a "text", "form", "table", "chart", "cards" or "detail". */
export function skeleton(kind = "text", lines = LINES[kind] || 3) {
  return h("div", { class: `skeleton ${kind}`, role: "status" }, h("span", { class: "hidden-text" }, "Loading …"),
    Array.from({ length: lines }, () => h("div", { class: "bone" })));
}
