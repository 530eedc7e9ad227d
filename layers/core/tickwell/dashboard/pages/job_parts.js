// The parts of a job's page that say what it is: schedule, payload, result, statistics, details.

import { address, api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { clockAt, duration, instant, number, plural } from "../lib/time.js";
import { refinementWords, retryWords, scheduleWords, spanWords } from "../lib/words.js";
import { copyButton } from "../ui/button.js";
import { icon } from "../ui/icon.js";
import { jsonView } from "../ui/json.js";
import { card, facts } from "../ui/page.js";
import { inOrder } from "../ui/refresh.js";

const NEXT = 5;
const OVERLAP = {
  skip: "skipped while the one before is not over", queue_one: "one waits while the one before is not over",
  queue_all: "wait for one another", cancel_other: "end what still runs", allow: "run beside one another",
};
const MISFIRE = {
  run_once: "the oldest that was missed runs", run_all: "all that were missed run", skip: "what was missed is skipped",
  refuse: "refused when it is past",
};

/**
 * A part that is drawn anew only when what it shows has changed, so that what one reads or has unfolded stays.
 * @param {(job: object) => *} pick what it depends on
 * @param {(job: object, element: HTMLElement) => *} draw its content
 */
export function part(pick, draw, element = h("div")) {
  let before;
  element.update = (job) => {
    const text = JSON.stringify(pick(job));
    if (text === before) return;
    before = text;
    const hadFocus = element.contains(document.activeElement) && document.activeElement !== element;
    fill(element, draw(job, element));
    if (hadFocus && !element.contains(document.activeElement)) element.querySelector("button, a, summary")?.focus();
  };
  return element;
}

/** The schedule in words, and the next instants with their zone. */
export function scheduleCard(signal) {
  const next = h("div");
  const order = inOrder();
  const words = part(({ cron_expression: cron, interval_seconds: interval, scheduled_time: at, ...job }) =>
    [cron, interval, at, job.timezone, job.start_at, job.end_at, job.exclude, job.jitter_seconds], scheduleText);
  const made = card("Schedule", words, next);
  const coming = part((job) => [job.next_run, job.status, job.timezone], (job) => {
    const isNewest = order();
    const show = (found) => isNewest() && fill(next, found);
    nextInstants(job, signal).then(show, () => show(null));
    return null;
  });
  made.update = (job) => {
    words.update(job);
    coming.update(job);
  };
  return made;
}

function scheduleText(job) {
  return h("div", { class: "stack tight" }, h("p", { class: "strong" }, scheduleWords(job)),
    job.cron_expression && h("p", { class: "small quiet" }, "cron ", h("code", job.cron_expression)),
    refinementWords(job).map((sentence) => h("p", { class: "small" }, sentence)));
}

async function nextInstants(job, signal) {
  if (job.job_type !== "recurring") return job.next_run && instants([job.next_run], null, "Due");
  if (job.status === "paused") return h("p", { class: "small quiet" }, "Nothing is due until it is resumed.");
  if (job.status !== "active") return null;
  const params = { from: new Date().toISOString(), limit: NEXT };
  const { occurrences } = await api.get(`jobs/${encodeURIComponent(job.id)}/occurrences`, params, { signal });
  if (!occurrences.length) return h("p", { class: "small quiet" }, "No other occurrence follows.");
  return instants(occurrences.map(({ due_at: at }) => at), job.timezone, "Next");
}

function instants(list, timezone, title) {
  const isElsewhere = timezone && timezone !== session.zone;
  const here = (at) => clockAt(at, session.zone, { timeZoneName: "short" });
  const there = (at) => clockAt(at, timezone ?? session.zone, { timeZoneName: "short" });
  const line = (at) => h("li",
    h("time", { datetime: at, title: isElsewhere ? `${here(at)} in your zone` : null }, there(at)),
    h("span", { class: "quiet small" }, instant(at, { relative: true })));
  return h("div", { class: "next" }, h("h3", { class: "small quiet" }, title), h("ol", list.map(line)),
    isElsewhere && h("p", { class: "small quiet" }, `In your zone the first is ${here(list[0])}.`));
}

/** What the task is given. */
export function payloadCard() {
  return part((job) => job.payload, ({ payload }) => [h("h2", "Payload"), (payload ?? null) === null
    ? h("p", { class: "quiet" }, "Nothing is handed to the task.") : jsonView(payload, { label: "Payload" })],
  h("section", { class: "card" }));
}

/** The newest output, with links to the files that it names; there is none before a success. */
export function resultCard(signal) {
  const made = h("section", { class: "card", hidden: true });
  const order = inOrder();
  return part((job) => [job.id, job.statistics.successful_executions], (job) => {
    const path = `jobs/${encodeURIComponent(job.id)}/result`;
    const get = () => api.get(path, undefined, { signal });
    const isNewest = order();
    const show = (result) => isNewest() && showResult(made, result);
    if (job.statistics.successful_executions) get().then(show, () => {});
    return [...made.children];
  }, made);
}

function showResult(made, result) {
  const files = filesIn(result.output);
  fill(made, h("h2", "Newest result"), h("p", { class: "small quiet" }, "Of ", instant(result.finished_at)),
    files.length > 0 && h("ul", { class: "files" }, files.map(fileLink)),
    jsonView(result.output, { label: "Newest result" }));
  made.hidden = false;
}

function fileLink({ name, url, expires_at: until }) {
  const target = url.startsWith("/") ? address(url).href : url;
  return h("li", h("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, icon("external"), ` ${name}`),
    h("span", { class: "small quiet" }, " link counts until ", instant(until)));
}

/** Whatever in an output is said to be a file and has a link. */
function filesIn(value) {
  if (value === null || typeof value !== "object") return [];
  const hasLink = typeof value.file?.url === "string" && /^(https?:\/)?\//.test(value.file.url);
  return [...(hasLink ? [value.file] : []), ...Object.values(value).flatMap(filesIn)];
}

/** Its attempts counted. */
export function statisticsCard() {
  return part((job) => [job.statistics, job.failures_in_a_row, job.last_executed_at], (job) => {
    const { total_executions: all, successful_executions: good, failed_executions: bad, ...more } = job.statistics;
    const share = all ? ` (${number((100 * good) / all, 1)} %)` : "";
    return [h("h2", "Statistics"), facts([
      ["Executions", number(all)], ["Successful", `${number(good)}${share}`], ["Failed", number(bad)],
      ["Average duration", duration(more.average_duration_ms)],
      ["Last run", instant(job.last_executed_at, { relative: true })],
      job.job_type === "recurring" && ["Failures in a row", number(job.failures_in_a_row)],
    ])];
  }, h("section", { class: "card" }));
}

/** Everything else. */
export function detailsCard() {
  const rest = (job) => ({ ...job, progress: 0, attempts: 0, statistics: 0, state: 0 });
  return part(rest, (job) => [h("h2", "Details"), facts([
    ["Id", h("span", { class: "with-copy" }, h("code", job.id), copyButton(job.id, { bare: true, label: "Copy id" }))],
    ["Key", job.key && h("code", job.key)], ["Scope", job.scope],
    ["Task", h("a", { href: href("/jobs", { task: job.task }) }, job.task)],
    ["Queue", h("a", { href: href("/jobs", { queue: job.queue }) }, job.queue)], ["Priority", job.priority],
    ["Timeout", spanWords(job.timeout_seconds)], ["Retries", retryWords(job)],
    ["If a worker is lost", job.on_lost === "fail" ? "it fails" : "it is tried again"],
    ["Occurrences", OVERLAP[job.overlap]], ["After an outage", MISFIRE[job.misfire]],
    ["Paused by itself", job.pause_after_failures && `after ${plural(job.pause_after_failures, "failure")} in a row`],
    ["Starts at the latest", job.expires_after_seconds && `${spanWords(job.expires_after_seconds)} after it was due`],
    ["Stalled after", job.stall_seconds && `${spanWords(job.stall_seconds)} without a sign`],
    ["Parent", job.parent_id && h("a", { href: href(`/jobs/${job.parent_id}`) }, "the job that it belongs to")],
    ["Made of", job.retry_of && h("a", { href: href(`/dead-letters/${job.retry_of}`) }, "a dead letter")],
    ["Trace", job.traceparent && h("code", job.traceparent)],
    ["Created", instant(job.created_at)], ["Updated", instant(job.updated_at)],
  ].map(([name, value]) => [name, value || null]))], h("section", { class: "card details" }));
}
