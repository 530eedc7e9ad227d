// The form that schedules a mail.

import { api, ApiError } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { exact, fromNow, localInput, zone } from "../lib/time.js";
import { button } from "../ui/button.js";
import { field, form } from "../ui/form.js";

const PLACEHOLDER = "ada@example.com, …";
const HOUR = 3600000;
const MORNING = 9;
const LISTS = ["to", "cc", "bcc", "reply_to"];

/**
 * A form for a mail.
 * @returns {HTMLFormElement} whose `onScheduled(accepted, values)`, once it is set, is told of each that was accepted
 */
export function emailForm() {
  const when = timeFields();
  const made = form({
    submit: "Send now",
    fields: [
      field({ name: "to", label: "To", required: true, placeholder: PLACEHOLDER, autocomplete: "off" }),
      field({ name: "subject", label: "Subject", required: true, maxlength: 500, autocomplete: "off" }),
      field({ name: "body", label: "Message", type: "textarea", rows: 7, required: true, trim: false }),
      more(),
      when.element,
    ],
    onSubmit: async (values, { idempotencyKey, form: element }) => {
      const body = requestOf(values);
      const accepted = await api.post("emails/schedule", body, { idempotencyKey }).catch((error) => {
        throw spelledOut(error, body);
      });
      element.reset();
      when.reset();
      made.onScheduled(accepted, body);
    },
  });
  const submit = made.querySelector("[type=submit] .label");
  when.onChange((isLater) => { submit.textContent = isLater ? "Schedule" : "Send now"; });
  return made;
}

/** Whether there is something in it that was not sent. */
export function isWritten(made) {
  return [...made.querySelectorAll("[type=text], textarea")].some(({ value }) => value.trim() !== "");
}

/** What is asked for seldom. */
function more() {
  return h("details", { class: "more" }, h("summary", "Copies, replies, HTML"),
    h("div", { class: "stack" },
      field({ name: "cc", label: "Cc" }),
      field({ name: "bcc", label: "Bcc" }),
      field({ name: "reply_to", label: "Reply to" }),
      field({
        name: "html", label: "The same as HTML", type: "textarea", rows: 6, mono: true, trim: false,
        spellcheck: "false", placeholder: "<p>Shown by whoever can show it.</p>",
      })));
}

/** Now, or at a time in the viewer's zone. */
function timeFields() {
  let listener = () => {};
  const told = h("div", { class: "hint", "aria-live": "polite" });
  const choice = field({
    name: "when", label: "When", type: "choices", value: "now",
    options: [{ value: "now", label: "Now" }, { value: "later", label: "At a time" }],
    onInput: (value) => set(value === "later"),
  });
  const at = timeField(told);
  const box = at.querySelector("input");
  const take = (time) => {
    box.value = localInput(time);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const suggestions = h("div", { class: "row" },
    suggested().map(([label, time]) => button(label, { small: true, onClick: () => take(time) })));
  const later = h("div", { class: "stack", hidden: true }, at, suggestions);
  const set = (isLater) => {
    later.hidden = !isLater;
    box.disabled = !isLater;
    if (isLater && !box.value) box.value = localInput(suggested()[0][1]);
    tell(told, isLater ? box.value : "");
    listener(isLater);
  };
  set(false);
  return {
    element: h("div", { class: "stack" }, choice, later),
    reset: () => set(false),
    onChange: (call) => { listener = call; },
  };
}

/** A field for an instant in the viewer's zone; `told` says underneath what that is. */
export function timeField(told, value) {
  const made = field({
    name: "scheduled_for", label: `Date and time (${zone()})`, type: "datetime-local", required: true, value,
    hint: told, also: ["scheduled_time"],
  });
  const box = made.querySelector("input");
  box.addEventListener("input", () => tell(told, box.value));
  tell(told, box.value);
  return made;
}

function tell(told, local) {
  const at = local ? new Date(local).getTime() : NaN;
  if (Number.isNaN(at)) return fill(told);
  return fill(told, at <= Date.now() ? "That is past: it goes out at once." : `${exact(at)}, ${fromNow(at)}.`);
}

function suggested() {
  const now = Date.now();
  const morning = (days) => new Date(new Date(now + days * 24 * HOUR).setHours(MORNING, 0, 0, 0)).getTime();
  const toMonday = (8 - new Date(now).getDay()) % 7 || 7;
  return [["In an hour", now + HOUR], ["Tomorrow, 9:00", morning(1)], ["Monday, 9:00", morning(toMonday)]];
}

function requestOf({ when, scheduled_for: at, ...values }) {
  const split = (text) => text.split(/[,;\s]+/).filter(Boolean);
  const lists = LISTS.filter((name) => values[name]).map((name) => [name, split(values[name])]);
  return { ...values, ...Object.fromEntries(lists), ...(when === "later" ? { scheduled_for: at } : {}) };
}

/** The API counts addresses ("to.1"); people know them by what they typed. */
function spelledOut(error, body) {
  if (!(error instanceof ApiError)) return error;
  error.details = error.details.map(({ field: name, message }) => {
    const [list, index] = name.split(".");
    const address = LISTS.includes(list) && index !== undefined && body[list]?.[Number(index)];
    return address ? { field: list, message: `${address} ${message}` } : { field: name, message };
  });
  return error;
}
