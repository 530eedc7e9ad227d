// Forms: they read their fields, send once, and put what the API complains of where it belongs.

import { ApiError, isAbort, isEnd, newKey } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { busy, button } from "./button.js";
import { fieldsIn } from "./field.js";
import { icon } from "./icon.js";
import { requestId, said } from "./page.js";

export { field, fieldsIn } from "./field.js";

/**
 * A form.
 * @param {object} told `fields`: fields, and whatever stands around and between them; `submit`: the button's words;
 *   `onSubmit(values, {idempotencyKey, form})`: async; what it throws is shown; `values` has the fields by name, those
 *   without a value left out (datetime-local as ISO in UTC). The key is the same until something else is sent.
 *   `cancel`: {label?, href?, onClick?}; `actions`: more buttons; `danger`; `compact`: the button beside the fields.
 */
export function form(told) {
  const top = h("div", { class: "alert bad", role: "alert", hidden: true });
  const kind = told.danger ? "danger" : "primary";
  const send = button(told.submit || "Save", { kind, attributes: { type: "submit" } });
  const cancel = told.cancel && button(told.cancel.label || "Cancel", told.cancel);
  const element = h("form", { class: ["form", told.compact && "compact"], novalidate: true }, top, told.fields,
    h("div", { class: "row form-end" }, send, cancel, told.actions));
  element.addEventListener("input", () => { element.dataset.typed = ""; });
  element.addEventListener("reset", () => { delete element.dataset.typed; });
  let sent = { text: null, idempotencyKey: null };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = fieldsIn(element);
    clear(fields, top);
    if (!isComplete(fields)) return;
    const values = valuesOf(fields);
    const text = JSON.stringify(values);
    if (text !== sent.text) sent = { text, idempotencyKey: newKey() };
    busy(send, async () => {
      try {
        await told.onSubmit(values, { idempotencyKey: sent.idempotencyKey, form: element });
        sent = { text: null, idempotencyKey: null };
        delete element.dataset.typed;
      } catch (error) {
        if (!isAbort(error) && !isEnd(error)) showError(element, error);
      }
    });
  });
  return element;
}

/** Shows `error` in a form: beside the fields that it names, the rest at the top. The first of it gets the focus. */
function showError(element, error) {
  const fields = fieldsIn(element);
  const rest = [];
  let first = null;
  for (const detail of error instanceof ApiError ? error.details : []) {
    const found = fields.find((each) => names(each, detail.field));
    if (!found) {
      rest.push(detail);
      continue;
    }
    const below = detail.field.startsWith(`${found.name}.`) ? `${detail.field.slice(found.name.length + 1)} ` : "";
    found.fail(`${below}${detail.message}`);
    first = first || found.target;
  }
  const top = element.querySelector(":scope > .alert.bad");
  if (!first || rest.length) {
    if (!(error instanceof ApiError)) console.error(error);
    const lines = error.status === 422 && rest.length
      ? h("ul", rest.map(({ field: name, message }) => h("li", h("code", name), ` ${message}`))) : h("p", said(error));
    fill(top, icon("alert"), h("div", lines, requestId(error)));
    top.hidden = false;
  }
  if (first) first.focus();
  else top.scrollIntoView({ block: "nearest" });
}

function names(field, complaint) {
  return [field.name, ...field.also].some((name) => complaint === name || complaint.startsWith(`${name}.`));
}

function clear(fields, top) {
  top.hidden = true;
  for (const each of fields) each.fail(null);
}

/** What the browser can tell by itself: what is required, and the form of addresses and numbers. */
function isComplete(fields) {
  const wrong = fields.filter(({ target }) => target && target.willValidate && !target.validity.valid);
  for (const { target, fail } of wrong) fail(target.validity.valueMissing ? "is required" : target.validationMessage);
  if (wrong.length) wrong[0].target.focus();
  return wrong.length === 0;
}

function valuesOf(fields) {
  return Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined));
}
