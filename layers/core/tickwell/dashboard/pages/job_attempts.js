// Attempts: a line for each, that unfolds to its times, error, traceback, log and output.

import { api, isAbort } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { duration, formatOf, instant, moment } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { copyButton } from "../ui/button.js";
import { jsonView } from "../ui/json.js";
import { facts, failure } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";

const LEVELS = { error: "bad", critical: "bad", warning: "warn", warn: "warn", debug: "idle" };
const CLOCK = formatOf({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

/**
 * A list of attempts, as a job or its executions show them.
 * @param {AbortSignal} signal
 * @returns {HTMLElement} with `update(attempts)`: what has not changed stays as it is, unfolded or not
 */
export function attemptList(signal) {
  const list = h("ul", { class: "attempts" });
  const drawn = new Map();
  list.update = (attempts) => {
    const wanted = attempts.map((attempt) => {
      const id = attempt.execution_id ?? attempt.id;
      const known = drawn.get(id) ?? entry(id, signal);
      drawn.set(id, known);
      known.update(attempt);
      return known;
    });
    const isSame = wanted.length === list.children.length && wanted.every((each, at) => list.children[at] === each);
    if (!isSame) fill(list, wanted);
  };
  return list;
}

function entry(id, signal) {
  const summary = h("summary");
  const inside = h("div", { class: "inside stack" });
  const details = h("details", { class: "attempt" }, summary, inside);
  const made = h("li", details);
  let text = "";
  let attempt = null;
  let loaded = "";
  const open = () => {
    if (!details.open || loaded === text) return;
    loaded = text;
    fillAttempt(inside, id, attempt, signal);
  };
  details.addEventListener("toggle", open);
  made.update = (changed) => {
    if (JSON.stringify(changed) === text) return;
    text = JSON.stringify(changed);
    attempt = changed;
    fill(summary, line(attempt));
    open();
  };
  return made;
}

function line(attempt) {
  const lasted = attempt.finished_at && new Date(attempt.finished_at) - new Date(attempt.started_at);
  return [
    badge(attempt.status), h("span", { class: "nowrap" }, `Attempt ${attempt.number ?? attempt.attempt}`),
    instant(attempt.started_at, { relative: true }),
    h("span", { class: "nowrap quiet number" }, attempt.finished_at ? duration(lasted) : ""),
    h("span", { class: "clip quiet" }, attempt.error_message, attempt.child_id && chip("beside the schedule")),
  ];
}

async function fillAttempt(inside, id, attempt, signal) {
  const path = `executions/${encodeURIComponent(id)}`;
  const more = h("div", { class: "stack" }, skeleton("text"));
  fill(inside, times(attempt), errorOf(attempt), more);
  try {
    const get = (place) => api.get(place, undefined, { signal });
    const [whole, { logs }] = await Promise.all([get(path), get(`${path}/logs`)]);
    fill(more, logView(logs), outputOf(whole), h("p", { class: "small quiet" }, "Execution ", h("code", id)));
  } catch (error) {
    if (!isAbort(error)) fill(more, failure(error, () => fillAttempt(inside, id, attempt, signal)));
  }
}

function times(attempt) {
  return facts([
    ["Due", moment(attempt.due_at)], ["Started", moment(attempt.started_at)],
    ["Ended", attempt.finished_at && moment(attempt.finished_at)],
    ["Next attempt", attempt.next_retry_at && moment(attempt.next_retry_at)],
  ].map(([name, value]) => [name, value || null]));
}

/** What an attempt met: code, message, and the traceback folded below. */
export function errorOf(attempt, { isOpen = true } = {}) {
  if (!attempt.error_message) return null;
  return h("div", { class: "error-box" },
    h("p", attempt.error_code && [h("code", { class: "strong" }, attempt.error_code), " "], attempt.error_message),
    attempt.traceback && h("details", { open: isOpen, on: { toggle: showEnd } }, h("summary", "Traceback"),
      h("div", { class: "with-copy" }, h("pre", { class: "traceback", tabindex: "0" }, attempt.traceback),
        copyButton(attempt.traceback, { bare: true }))));
}

/** What it ended with stands last in a traceback. */
function showEnd({ target }) {
  const text = target.querySelector("pre");
  if (target.open) text.scrollTop = text.scrollHeight;
}

function logView(logs) {
  return h("div", h("h4", "Log"), h("ol", { class: "logs", tabindex: "0", "aria-label": "Log" }, logs.map((entry) =>
    h("li", h("time", { datetime: entry.timestamp, title: entry.timestamp }, clock(entry.timestamp)),
      h("span", { class: `level ${LEVELS[entry.level] ?? ""}` }, entry.level),
      h("span", entry.message, metadata(entry.metadata))))));
}

function clock(iso) {
  const at = new Date(iso);
  return `${CLOCK.format(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

function metadata(value) {
  if (value === null || typeof value !== "object" || !Object.keys(value).length) return null;
  return h("span", { class: "quiet" }, ` ${JSON.stringify(value)}`);
}

function outputOf(execution) {
  if (execution.status !== "success") return null;
  const shown = execution.output_omitted ? h("p", { class: "quiet" }, "The output was large, and is not kept any more.")
    : jsonView(execution.output, { label: "Output" });
  return h("div", h("h4", "Output"), shown);
}
