// All that holds for one queue, and its jobs counted: a dialog.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { spanText } from "../lib/spans.js";
import { instant, number, plural } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { dialog } from "../ui/dialog.js";
import { facts, load } from "../ui/page.js";
import { LEVEL_TONES } from "./lanes.js";
import { rateText } from "./queue_settings.js";

const RETRIES = { fixed: "fixed delay", exponential: "exponential delay", schedule: "delays from a list" };

/**
 * Opens the dialog; the queue is read then, since counting its jobs is no small thing.
 * @param {string} name
 * @param {{change: (() => void) | null, signal: AbortSignal}} options `change`: what the button does; null: no button
 */
export function queueDetail(name, { change, signal }) {
  const body = h("div", { class: "stack" });
  const edit = change && button("Change", { icon: "edit", onClick: () => { opened.close(); change(); } });
  const opened = dialog({ title: name, content: [body, h("div", { class: "row end" },
    button("Its dead letters", { kind: "ghost", href: href("/dead-letters", { queue: name }) }),
    button("Its jobs", { kind: "ghost", href: href("/jobs", { queue: name }) }), edit)], wide: true });
  load(body, "detail", async () => content(await api.get(`queues/${encodeURIComponent(name)}`, {}, { signal })));
}

function content(queue) {
  return [now(queue), h("h3", "Limits"), limits(queue), h("h3", "Policy of its jobs"), policy(queue),
    h("h3", "How long ended jobs are kept"), retention(queue.retention), dates(queue)];
}

function now(queue) {
  const states = [queue.paused ? badge("paused") : null, badge(queue.health, { tone: LEVEL_TONES[queue.health] })];
  const jobs = Object.entries(queue.jobs).filter(([, count]) => count)
    .map(([status, count]) => h("a", { class: "chip", href: href("/jobs", { queue: queue.name, status }) },
      `${number(count)} ${status}`));
  return facts([
    ["Now", h("span", { class: "row" }, states)],
    ["Paused", queue.paused ? instant(queue.paused_at, { relative: true }) : null],
    ["Waiting", number(queue.waiting)],
    ["Running", queue.running === null ? null : `${number(queue.running)} of ${number(queue.concurrency)}`],
    ["Next start", queue.next_start_at ? instant(queue.next_start_at, { relative: true }) : null],
    ["Its jobs", jobs.length ? h("span", { class: "row" }, jobs) : "none"],
  ]);
}

function limits(queue) {
  return facts([
    ["At once", queue.concurrency === null ? "any number" : plural(queue.concurrency, "attempt")],
    ["Starts", rateText(queue.rate_limit) ?? "any number"],
    ["Lane", queue.lane],
  ]);
}

function policy(queue) {
  const given = [
    ["Time limit", spanText(queue.timeout_seconds) || null],
    ["Retries", queue.max_retries === null ? null : number(queue.max_retries)],
    ["Delay before retries", queue.retry && retryText(queue.retry)],
    ["Stalled after", spanText(queue.stall_seconds) || null],
    ["When a worker dies", queue.on_lost],
  ];
  return given.some(([, value]) => value !== null) ? facts(given) : h("p", { class: "quiet" },
    "As each job's task says.");
}

function retryText(retry) {
  const delays = retry.delays_seconds ? retry.delays_seconds.map(spanText).join(", ") : spanText(retry.delay_seconds);
  const factor = retry.factor === null ? "" : `, times ${number(retry.factor)}`;
  const jitter = retry.jitter ? `, jitter ${number(retry.jitter)}` : "";
  return `${RETRIES[retry.strategy]}: ${delays}${factor}, at most ${spanText(retry.max_delay_seconds)}${jitter}`;
}

function retention({ completed, failed }) {
  return facts([["Completed", keptText(completed)], ["Failed or cancelled", keptText(failed)]]);
}

function keptText({ seconds, count, at_least_seconds: least }) {
  const parts = [
    seconds === null ? null : `deleted after ${spanText(seconds)}`,
    count === null ? null : `the newest ${number(count)} are shown`,
    least ? `at least ${spanText(least)}` : null,
  ].filter(Boolean);
  return parts.join("; ") || "as long as the deployment keeps them";
}

function dates(queue) {
  if (queue.created_at === null) return h("p", { class: "small quiet" }, "There from the start.");
  return h("p", { class: "small quiet" }, "Created ", instant(queue.created_at), ", changed ",
    instant(queue.updated_at, { relative: true }), ".");
}
