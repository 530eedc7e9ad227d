// One thing that a form asks for: label, control, hint, and what is wrong with it.

import { fill, h, newId } from "../lib/dom.js";
import { localInput } from "../lib/time.js";
import { icon } from "./icon.js";

const KNOWN = new WeakMap();
const PLAIN = "autocomplete inputmode list max maxlength min minlength pattern placeholder spellcheck step".split(" ");
const BOXES = "input, select, textarea";

/**
 * A field of a form.
 * @param {object} told `name`: as the API calls it ("payload.to"); `label`; `type`: text (by default), email, password,
 *   number, search, url, datetime-local, textarea, select, checkbox, switch, checks (several of `options`), or choices
 *   (one of `options`, all shown); `value`; `hint`; `required`; `options`: [value | {value, label, hint?, disabled?}];
 *   `also`: other names under which the API may complain; `trim`: false keeps blanks; `keepEmpty`: an empty text
 *   counts; `optional`: false does not say so; `rows`, `wide`, `mono`, `disabled`, `autofocus`, `onInput(value)`, and
 *   the usual attributes of inputs (min, max, step …).
 *   `control` with `read`: a control of your own (`read()` gives its value).
 * @returns {HTMLElement} which `form()` finds wherever it stands inside of it
 */
export function field(told) {
  const id = newId("field");
  const many = told.type === "checks" || told.type === "choices";
  const control = told.control || (CONTROLS[told.type] || input)(told, id);
  const hint = told.hint && h("div", { class: "hint", id: `${id}-hint` }, told.hint);
  const fault = h("div", { class: "fault", id: `${id}-fault`, hidden: true });
  const target = boxOf(control);
  const element = many
    ? h("fieldset", { class: shape(told) }, h("legend", told.label), hint, control, fault)
    : h("div", { class: shape(told) }, heading(told, id, control), isBox(told) ? null : control, hint, fault);
  if (target) target.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-fault`);
  if (target && !told.control && !many) target.id = id;
  const read = told.read || (() => reading(told, control));
  const complain = (text) => fail(element, fault, target, text);
  KNOWN.set(element, { name: told.name, also: told.also || [], read, target, fail: complain });
  element.dataset.field = told.name;
  element.addEventListener("input", () => {
    complain(null);
    if (told.onInput) told.onInput(read());
  });
  return element;
}

/** What is known of the fields inside `root`: [{name, also, read, target, fail(text | null)}]. */
export function fieldsIn(root) {
  return [...root.querySelectorAll("[data-field]")].map((element) => KNOWN.get(element)).filter(Boolean);
}

function shape(told) {
  return ["field", told.wide && "wide", isBox(told) && "box-field"];
}

function isBox(told) {
  return told.type === "checkbox" || told.type === "switch";
}

function boxOf(control) {
  return control.matches(BOXES) ? control : control.querySelector(BOXES);
}

function heading(told, id, control) {
  if (isBox(told)) return h("label", { class: "check" }, control, h("span", told.label));
  const isOptional = !told.required && told.optional !== false && !told.disabled;
  const optional = isOptional && h("span", { class: "optional" }, "optional");
  return h("label", { for: told.control ? undefined : id }, told.label, optional);
}

function input(told, id) {
  const value = told.type === "datetime-local" && told.value ? localInput(told.value) : told.value;
  const made = h("input", { id, type: told.type || "text", ...usual(told), value, class: told.mono && "mono" });
  return told.type === "password" ? revealing(made) : made;
}

function usual(told) {
  const given = { name: told.name, required: told.required, disabled: told.disabled, "data-autofocus": told.autofocus };
  for (const name of PLAIN) given[name] = told[name];
  return given;
}

/** A password with a button that shows it. */
function revealing(made) {
  const show = h("button", { type: "button", class: "reveal", "aria-pressed": "false" }, "Show");
  show.addEventListener("click", () => {
    const isShown = made.type === "password";
    made.type = isShown ? "text" : "password";
    show.setAttribute("aria-pressed", String(isShown));
    show.textContent = isShown ? "Hide" : "Show";
  });
  return h("div", { class: "with-button" }, made, show);
}

const CONTROLS = {
  textarea: (told, id) =>
    h("textarea", { id, rows: told.rows || 4, ...usual(told), class: told.mono && "mono" }, told.value ?? ""),
  select: (told, id) => h("select", { id, ...usual(told) }, options(told).map((option) => {
    const selected = String(option.value) === String(told.value ?? "");
    return h("option", { value: option.value, selected, disabled: option.disabled }, option.label);
  })),
  checkbox: (told, id) => tick(told, id),
  switch: (told, id) => tick(told, id, "switch"),
  checks: (told) => h("div", { class: "checks" }, options(told).map((option) => choice(told, option, "checkbox"))),
  choices: (told) => h("div", { class: "checks" }, options(told).map((option) => choice(told, option, "radio"))),
};

function tick(told, id, role) {
  return h("input", { id, type: "checkbox", role, ...usual(told), checked: Boolean(told.value) });
}

function options(told) {
  return (told.options || [])
    .map((option) => (typeof option === "object" ? option : { value: option, label: String(option) }));
}

function choice(told, option, type) {
  const isChosen = type === "radio" ? option.value === told.value : (told.value || []).includes(option.value);
  return h("label", { class: "check" },
    h("input", {
      type, name: told.name, value: option.value, checked: isChosen, disabled: option.disabled || told.disabled,
    }),
    h("span", option.label, option.hint && h("span", { class: "hint" }, option.hint)));
}

function reading(told, control) {
  if (told.type === "checks") return [...control.querySelectorAll("input:checked")].map((each) => each.value);
  if (told.type === "choices") return control.querySelector("input:checked")?.value;
  const box = boxOf(control);
  if (isBox(told)) return box.checked;
  const text = told.type === "password" || told.trim === false ? box.value : box.value.trim();
  if (text === "" && !told.keepEmpty) return undefined;
  if (told.type === "number") return Number(text);
  return told.type === "datetime-local" ? new Date(text).toISOString() : text;
}

function fail(element, fault, target, text) {
  element.classList.toggle("wrong", Boolean(text));
  if (target) target[text ? "setAttribute" : "removeAttribute"]("aria-invalid", "true");
  fill(fault, text && icon("alert"), text && h("span", text));
  fault.hidden = !text;
}
