// Buttons, links that look like buttons, and a button that copies.

import { h } from "../lib/dom.js";
import { icon } from "./icon.js";
import { toast } from "./toast.js";

/**
 * A button; with `href` a link that looks like one.
 * @param {string} label
 * @param {{icon?: string, kind?: "primary"|"danger"|"ghost", small?: boolean, bare?: boolean, href?: string,
 *   onClick?: Function, disabled?: boolean, title?: string, attributes?: object}} [options] `bare`: the icon alone, the
 *   label for screen readers
 */
export function button(label, options = {}) {
  const { kind, small, bare, href, onClick, disabled, title, attributes } = options;
  const given = {
    class: ["button", kind, small && "small", bare && "bare"], title: title || (bare ? label : undefined),
    on: onClick && { click: onClick }, ...attributes,
  };
  const inside = [options.icon && icon(options.icon), h("span", { class: bare ? "hidden-text" : "label" }, label)];
  return href ? h("a", { ...given, href }, inside) : h("button", { type: "button", disabled, ...given }, inside);
}

/** While `act` runs the button says so and cannot be pressed again; the focus stays on it. */
export async function busy(element, act) {
  if (element.getAttribute("aria-disabled") === "true") return undefined;
  element.setAttribute("aria-disabled", "true");
  element.classList.add("busy");
  try {
    return await act();
  } finally {
    element.removeAttribute("aria-disabled");
    element.classList.remove("busy");
  }
}

/** A button that puts `text` (or what it returns) into the clipboard. */
export function copyButton(text, { label = "Copy", small = true, bare = false } = {}) {
  return button(label, {
    icon: "copy", small, bare,
    onClick: async () => {
      try {
        await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
        toast("Copied");
      } catch {
        toast("The browser does not let the page copy: select the text and copy it", { kind: "error" });
      }
    },
  });
}
