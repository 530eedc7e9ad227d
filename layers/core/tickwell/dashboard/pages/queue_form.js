// The dialog in which an owner creates or changes a queue.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { dialog } from "../ui/dialog.js";
import { field as plainField, form } from "../ui/form.js";
import { toast } from "../ui/toast.js";
import { NEW_QUEUE, changes, partsOf, settings, shown } from "./queue_settings.js";

const PRIORITIES = [
  { value: "high", label: "High" }, { value: "medium", label: "Medium" }, { value: "low", label: "Low" },
];
const STRATEGIES = [
  { value: "", label: "As the task says" }, { value: "fixed", label: "Fixed: always the same" },
  { value: "exponential", label: "Exponential: longer each time" },
  { value: "schedule", label: "One after the other, from a list" },
];
const LOST = [
  { value: "", label: "As the task says" }, { value: "retry", label: "Try again" },
  { value: "fail", label: "Fail: it must not run twice" },
];

/** Nearly everything is optional: it is not said of each. */
const field = (told) => plainField({ optional: false, ...told });

function part(legend, hint, ...fields) {
  return h("fieldset", { class: "part" }, h("legend", legend), hint && h("p", { class: "hint" }, hint),
    h("div", { class: "fields" }, fields));
}

function limits(queue, now) {
  return part("Limits", null,
    field({ name: "concurrency", label: "At once", type: "number", min: 1, step: 1, value: now.concurrency,
      hint: "attempts in all workers together" }),
    field({ name: "rate_limit.limit", label: "Starts", type: "number", min: 1, step: 1, value: now["rate_limit.limit"],
      also: ["rate_limit"] }),
    field({ name: "rate_limit.per_seconds", label: "in a period of", value: now["rate_limit.per_seconds"],
      placeholder: "1s", hint: "such as 1s, 1m, 1h" }),
    queue.is_default ? null : field({ name: "priority", label: "Priority", type: "select", required: true,
      value: now.priority, options: priorities(now.priority), hint: "the lane of its jobs" }));
}

/** A queue may have a number as its priority. */
function priorities(value) {
  return PRIORITIES.some((each) => each.value === value) ? PRIORITIES : [{ value, label: value }, ...PRIORITIES];
}

function policy(now) {
  const retry = (name, label, hint, more = {}) => field({ name: `retry.${name}`, label, hint,
    value: now[`retry.${name}`], ...more });
  const parts = {
    delay_seconds: retry("delay_seconds", "Delay", "such as 30s"),
    factor: retry("factor", "Factor", "2: twice as long each time", { type: "number", min: 1, step: "any" }),
    delays_seconds: retry("delays_seconds", "Delays", "such as 1m, 5m, 15m; the last one is repeated"),
    max_delay_seconds: retry("max_delay_seconds", "At most", "such as 1h"),
    jitter: retry("jitter", "Jitter", "0.1 spreads a delay by a tenth",
      { type: "number", min: 0, max: 1, step: "any" }),
  };
  const show = (strategy) => {
    for (const [name, element] of Object.entries(parts)) element.hidden = !partsOf(strategy).includes(name);
  };
  show(now["retry.strategy"]);
  return part("Policy of its jobs",
    "What a job does not say itself. Left empty: as the task says. Jobs that exist keep theirs.",
    field({ name: "timeout_seconds", label: "Time limit", value: now.timeout_seconds,
      hint: "such as 5m; at most 14m 30s" }),
    field({ name: "max_retries", label: "Retries", type: "number", min: 0, step: 1, value: now.max_retries }),
    field({ name: "stall_seconds", label: "Stalled after", value: now.stall_seconds,
      hint: "without a sign of life; 5s to 1h" }),
    field({ name: "on_lost", label: "When a worker dies", type: "select", options: LOST, value: now.on_lost,
      optional: false }),
    retry("strategy", "Delay before retries", null, { type: "select", options: STRATEGIES,
      onInput: show, also: ["retry"] }),
    Object.values(parts));
}

function retention(now) {
  const kept = (kind, name, label, hint, more = {}) => field({ name: `retention.${kind}.${name}`, label, hint,
    value: now[`retention.${kind}.${name}`], ...more });
  const of = (kind, legend) => part(legend, null,
    kept(kind, "seconds", "Deleted after", "such as 7d"),
    kept(kind, "count", "Shown at most", "the newest ones", { type: "number", min: 1, max: 1000, step: 1 }),
    kept(kind, "at_least_seconds", "but for at least", "such as 1h"));
  return [of("completed", "Jobs that completed"), of("failed", "Jobs that failed or were cancelled")];
}

/** A part that is folded in unless something in it is set. */
function folded(summary, isOpen, content) {
  return h("details", { class: "fold", open: isOpen }, h("summary", summary), h("div", { class: "stack" }, content));
}

function isSet(now, ...starts) {
  return Object.entries(now).some(([name, value]) => value !== "" && starts.some((start) => name.startsWith(start)));
}

/**
 * Opens the dialog.
 * @param {object | null} queue as the API gives it; null: a new one
 * @param {() => void} onDone after it was created or changed
 */
export function queueForm(queue, onDone) {
  const from = queue ?? NEW_QUEUE;
  const now = shown(from);
  const name = field({
    name: "name", label: "Name", required: true, maxlength: 64, spellcheck: "false", autocomplete: "off",
    hint: "Lower-case letters, digits, “.”, “_” and “-”. Jobs name it so, and it cannot be changed later.",
  });
  const opened = dialog({
    title: queue ? `Change ${queue.name}` : "New queue", wide: true,
    content: form({
      fields: [queue ? null : name, limits(from, now),
        folded("Time limit, retries", isSet(now, "timeout", "max_retries", "stall", "on_lost", "retry"), policy(now)),
        folded("How long ended jobs are kept", isSet(now, "retention"), retention(now))],
      submit: queue ? "Save" : "Create queue",
      cancel: { onClick: () => opened.close() },
      onSubmit: async (values, { idempotencyKey, form: element }) => {
        for (const each of element.querySelectorAll("details")) each.open ||= isSet(values, "retention", "retry");
        await (queue ? change(queue, now, values) : api.post("queues", created(values), { idempotencyKey }));
        opened.close();
        toast(queue ? `${queue.name} is changed` : `The queue ${values.name} is created`);
        onDone();
      },
    }),
  });
}

/** What was left empty is left out: the deployment's own way then holds. */
function created(values) {
  return { name: values.name, ...changes(settings(shown(NEW_QUEUE)), settings(values)) };
}

async function change(queue, now, values) {
  const given = { priority: now.priority, ...values };
  const changed = changes(settings(now), settings(given));
  if (Object.keys(changed).length) await api.patch(`queues/${encodeURIComponent(queue.name)}`, changed);
}
