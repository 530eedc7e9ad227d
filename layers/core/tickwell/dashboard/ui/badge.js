// How something stands: a word with a colour, never a colour alone.

import { h } from "../lib/dom.js";

const TONES = {
  ok: "active success successful completed executed sent healthy normal ok connected current delivered",
  run: "running waiting queued sending started in_progress outside",
  warn: "paused retrying degraded busy warning late suspended expired pending draining",
  bad: "failed failure error timeout dead lost unhealthy critical disconnected stalled full rejected",
};
const BY_STATUS = new Map(
  Object.entries(TONES).flatMap(([tone, statuses]) => statuses.split(" ").map((status) => [status, tone])));

/**
 * A badge for a status of jobs, executions, mails, queues or health.
 * @param {string} status as the API says it
 * @param {{label?: string, tone?: "ok"|"run"|"warn"|"bad"|"idle", title?: string}} [options]
 */
export function badge(status, { label, tone, title } = {}) {
  return h("span", { class: `badge ${tone || toneOf(status)}`, title },
    h("span", { class: "dot", "aria-hidden": "true" }), label || words(status));
}

/** The tone of a status: ok, run, warn, bad or idle. */
function toneOf(status) {
  return BY_STATUS.get(String(status).toLowerCase()) || "idle";
}

/** A plain label, such as a tag or the name of a task. */
export function chip(text, { href, title } = {}) {
  return h(href ? "a" : "span", { class: "chip", href, title }, text);
}

/** "dead_lettered" as "dead lettered". */
export function words(status) {
  return String(status ?? "–").replaceAll("_", " ");
}
