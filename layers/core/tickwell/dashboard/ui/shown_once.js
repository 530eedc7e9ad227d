// What the API gives once and never again: a secret, an address.

import { h, newId } from "../lib/dom.js";
import { button, copyButton } from "./button.js";
import { dialog } from "./dialog.js";
import { note } from "./page.js";

/**
 * A dialog with the value, which stays open until it is closed on purpose: Escape and a press beside it do not.
 * Nothing keeps the value once it is closed.
 * @param {{title: string, label: string, value: string, hint?: *}} told
 */
export function shownOnce({ title, label, value, hint }) {
  const id = newId("once");
  const box = h("input", { id, class: "mono", readonly: true, value, spellcheck: "false", autocomplete: "off",
    autofocus: true });
  box.addEventListener("focus", () => box.select());
  const opened = dialog({
    title, wide: true, lasting: true,
    content: [
      note("warn", "It is shown this once. Put it where it is needed before you close this."),
      h("div", { class: "field" }, h("label", { for: id }, label), box, hint && h("div", { class: "hint" }, hint)),
      h("div", { class: "row end" }, copyButton(value, { small: false }),
        button("I have it", { kind: "primary", onClick: () => opened.close() })),
    ],
    onClose: () => { box.value = ""; },
  });
}
