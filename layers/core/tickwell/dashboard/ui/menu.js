// A button with a list of things to do.

import { fill, h, newId } from "../lib/dom.js";
import { icon } from "./icon.js";

/**
 * The button with its list.
 * @param {{label: string, button?: *, items: Array|Function}} told `items`: [{label, icon?, href?, onClick?, danger?,
 *   checked?}], null ones are skipped; a function is called at each opening. `button`: what it shows instead of dots.
 */
export function menu({ label, items, button: shown }) {
  const id = newId("menu");
  const list = h("ul", { class: "items", id, hidden: true });
  const opener = h("button", {
    type: "button", class: shown ? "button ghost" : "button ghost bare", title: shown ? undefined : label,
    "aria-expanded": "false", "aria-controls": id,
  }, shown || icon("dots"), h("span", { class: "hidden-text" }, label));
  const whole = h("div", { class: "menu" }, opener, list);
  const row = (item) => h("li", entry(item, set));
  const set = (isOpen) => {
    if (isOpen) fill(list, (typeof items === "function" ? items() : items).filter(Boolean).map(row));
    list.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) list.querySelector("a, button").focus();
    document[isOpen ? "addEventListener" : "removeEventListener"]("pointerdown", outside);
  };
  const outside = (event) => {
    if (!whole.contains(event.target)) set(false);
  };
  opener.addEventListener("click", () => set(list.hidden));
  whole.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      set(false);
      opener.focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      step(list, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  whole.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !whole.contains(event.relatedTarget)) set(false);
  });
  return whole;
}

function entry({ label, icon: name, href, onClick, danger, checked }, set) {
  const click = () => {
    set(false);
    if (onClick) onClick();
  };
  const inside = [name && icon(name), h("span", label), checked && icon("check", "end")];
  const given = { class: ["item", danger && "danger"], on: { click } };
  return href ? h("a", { ...given, href }, inside)
    : h("button", { ...given, type: "button", "aria-pressed": checked === undefined ? null : String(checked) }, inside);
}

function step(list, by) {
  const all = [...list.querySelectorAll("a, button")];
  all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
}
