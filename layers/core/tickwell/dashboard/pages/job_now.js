// What a job is doing at this moment, in a sentence, with its progress and what it met last.

import { fill, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { duration, instant, plural } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { errorOf } from "./job_attempts.js";
import { part } from "./job_parts.js";

const ENDED = new Set(["completed", "failed", "cancelled", "deleted"]);

/** The card at the top of a job's page. */
export function nowCard() {
  const sentence = part((job) => [job.state, job.next_run, job.paused_at, newest(job)],
    (job) => h("p", { class: "now" }, told(job)));
  const progress = progressBar();
  const error = part(faultOf, (job) => faultOf(job) && errorOf(faultOf(job), { isOpen: job.state === "failed" }));
  const made = h("section", { class: "card stack", "aria-label": "Now" }, sentence, progress, error);
  made.update = (job) => {
    for (const each of [sentence, progress, error]) each.update(job);
  };
  return made;
}

function newest(job) {
  return job.attempts?.at(-1) ?? null;
}

/** The error of the newest attempt, where that is what matters now. */
function faultOf(job) {
  const ended = (job.attempts ?? []).filter(({ status }) => status !== "running").at(-1);
  const matters = ["failed", "retrying", "running"].includes(job.state) || job.failures_in_a_row > 0;
  return matters && ended?.error_message ? ended : null;
}

function told(job) {
  const attempt = newest(job);
  const when = (iso) => instant(iso, { relative: true });
  switch (job.state) {
    case "running":
      return attempt ? [`Attempt ${attempt.number} runs; it started `, when(attempt.started_at), "."] : "It runs.";
    case "retrying":
      return attempt?.next_retry_at
        ? [`Attempt ${attempt.number} ${outcome(attempt)}. The next one starts `, when(attempt.next_retry_at), "."]
        : "It waits for its next attempt.";
    case "delayed":
      return ["It runs ", when(job.next_run), ", on ", instant(job.next_run), ".", lastTime(job)];
    case "waiting":
      return "It is due, and waits for its queue or a free worker.";
    case "paused":
      return ["Paused ", when(job.paused_at), job.paused_reason ? `: ${job.paused_reason}.` : "."];
    case "failed":
      return attempt ? [`Given up after ${plural(attempt.number, "attempt")}, `, when(attempt.finished_at), "."]
        : "It failed.";
    case "completed":
      return attempt?.finished_at ? ["Completed ", when(attempt.finished_at), `, in ${duration(lasted(attempt))}.`]
        : "It is completed.";
    case "deleted":
      return "It was deleted. Its executions stay readable for a while.";
    default:
      return ["Cancelled ", when(job.updated_at), "."];
  }
}

function lastTime(job) {
  const attempt = newest(job);
  if (!attempt?.finished_at) return "";
  return [" The last time it ", outcome(attempt), ", ", instant(attempt.finished_at, { relative: true }), "."];
}

function outcome({ status }) {
  const words = { success: "succeeded", timeout: "ran out of time", lost: "was lost", cancelled: "was cancelled" };
  return words[status] ?? "failed";
}

function lasted({ started_at: from, finished_at: to }) {
  return new Date(to) - new Date(from);
}

/** How far the running attempt is: a bar once its task tells, one that only moves until then. */
function progressBar() {
  const bar = h("progress", { max: 100, "aria-label": "Progress" });
  const words = h("span", { class: "small quiet" });
  const made = h("div", { class: "progress", hidden: true }, bar, words);
  made.update = ({ state, progress }) => {
    made.hidden = state !== "running";
    if (progress) bar.value = progress.percent;
    else bar.removeAttribute("value");
    const message = progress?.message ? ` · ${progress.message}` : "";
    words.textContent = progress ? `${Math.round(progress.percent)} %${message}` : "";
  };
  return made;
}

/**
 * An extra run beside the schedule, followed until it has ended.
 * @param {string} childId the job that it is
 * @param {{onEnd: Function}} told
 * @param {AbortSignal} signal of the page
 */
export function extraRun(childId, { onEnd }, signal) {
  const leave = new AbortController();
  const until = AbortSignal.any([signal, leave.signal]);
  const status = h("span", badge("waiting"));
  const now = nowCard();
  now.classList.remove("card");
  const made = h("section", { class: "card stack extra", "aria-label": "Extra run" },
    h("div", { class: "row between" }, h("h2", "Extra run"), h("div", { class: "row" }, status,
      button("Dismiss", { icon: "close", kind: "ghost", small: true, bare: true, onClick: () => {
        leave.abort();
        made.remove();
      } }))), now);
  follow(`jobs/${childId}`, { onEvent: (name, child) => {
    fill(status, badge(child.state));
    now.update(child);
    if (ENDED.has(child.state)) {
      leave.abort();
      onEnd();
    }
  } }, until);
  return made;
}
