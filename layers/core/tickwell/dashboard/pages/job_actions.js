// What can be done to a job: which of it at which moment, and how it is shown at once and taken back when it failed.

import { api, newKey } from "../lib/api.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { confirm } from "../ui/dialog.js";
import { said } from "../ui/page.js";
import { toast } from "../ui/toast.js";

const ENDED = ["completed", "failed", "cancelled"];

/**
 * By name: `label`; `done`, what is said afterwards; `changed`, of many; `allowed(job)`; `expected`, the status that is
 * shown before the answer is there; `undo`, what takes it back; `asks(job)`, the question before it.
 */
export const ACTIONS = {
  pause: {
    label: "Pause", icon: "pause", done: "Paused", expected: "paused", undo: "resume",
    allowed: (job) => job.status === "active" && job.job_type === "recurring",
  },
  resume: {
    label: "Resume", icon: "play", done: "Goes on", expected: "active", undo: "pause",
    allowed: (job) => job.status === "paused",
  },
  retry: {
    label: "Retry", icon: "refresh", done: "Runs again", expected: "active",
    allowed: (job) => ENDED.includes(job.status) && job.state !== "running",
  },
  execute: {
    label: "Run now", icon: "play", done: "Runs once more, beside its schedule",
    allowed: (job) => job.status !== "deleted",
  },
  cancel: {
    label: "Cancel", icon: "stop", done: "Cancelled", expected: "cancelled", danger: true,
    allowed: (job) => job.status === "active" || job.status === "paused",
    asks: (job) => (job.state === "running"
      ? "What runs is told to end, and nothing of this job runs any more." : "What waits is given up and never runs."),
  },
  delete: {
    label: "Delete", icon: "trash", done: "Deleted", expected: "deleted", danger: true,
    allowed: (job) => job.status !== "deleted",
    asks: () => "It disappears from the lists, and what runs is cancelled. Its executions stay readable for a while.",
  },
};

/** Whether the viewer may change jobs at all. */
export function mayChange() {
  return session.can("member");
}

/** The names of what the viewer can do to `job` as it stands. */
export function possible(job) {
  return mayChange() ? Object.keys(ACTIONS).filter((name) => ACTIONS[name].allowed(job)) : [];
}

/** Where `job` is edited, and where it is the template of a new one. */
export const editHref = (job) => href(`/jobs/${encodeURIComponent(job.id)}/edit`);
export const duplicateHref = (job) => href("/jobs/new", { from: job.id });

/**
 * Does it, after a question where it cannot be taken back.
 * @param {string} name of ACTIONS
 * @param {object} job as it stands
 * @param {(changes: object) => void} apply shows the job with other fields: at once, and again with what the API said
 * @returns {Promise<object|null>} the API's answer; null when it was not done
 */
export async function act(name, job, apply) {
  const { asks, label, danger } = ACTIONS[name];
  if (asks) {
    const title = `${label} “${job.name}”?`;
    const told = { title, text: asks(job), action: `${label} the job`, decline: "Leave it", danger };
    if (!await confirm(told)) return null;
  }
  return perform(name, job, apply);
}

async function perform(name, job, apply) {
  const { expected, done, undo } = ACTIONS[name];
  const before = { status: job.status, state: job.state, next_run: job.next_run };
  if (expected) apply({ status: expected, state: shownState(expected, job) });
  try {
    const answer = await sent(name, job);
    if (expected) apply({ status: answer.status, state: answer.state ?? answer.status });
    const back = undo && { label: "Undo", run: () => perform(undo, { ...job, ...answer, id: job.id }, apply) };
    toast(`${done}: ${job.name}`, { action: back || undefined });
    return answer;
  } catch (error) {
    if (expected) apply(before);
    toast(`${job.name}: ${said(error)}`, { kind: "error" });
    return null;
  }
}

/** What runs goes on until its worker has seen to it; what is taken up shows by itself what it does. */
function shownState(expected, job) {
  if (job.state === "running" && expected !== "deleted") return "running";
  return expected === "active" ? (job.job_type === "recurring" ? "delayed" : "waiting") : expected;
}

function sent(name, job) {
  const path = `jobs/${encodeURIComponent(job.id)}`;
  if (name === "delete") return api.delete(path);
  return api.post(`${path}/${name}`, undefined, { idempotencyKey: newKey() });
}

