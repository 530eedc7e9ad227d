// What can be done to many jobs at once.

import { sweep } from "../ui/sweep.js";
import { ACTIONS } from "./job_actions.js";

const DONE = { pause: "paused", resume: "resumed", retry: "taken up again", cancel: "cancelled", delete: "deleted" };

/** The names of it, of ACTIONS. */
export const MANY = Object.keys(DONE);

/**
 * Asks, after a dry run has counted, and does it. Resolves to whether anything was begun.
 * @param {string} action of MANY
 * @param {{filter?: object, all?: boolean}} chosen what the API takes as a choice
 * @param {{undo?: Function}} [options] `undo`: takes it back, where that is safe
 */
export function changeMany(action, chosen, { undo } = {}) {
  const { label, danger } = ACTIONS[action];
  const done = DONE[action];
  return sweep({
    title: `${label} jobs`, path: "jobs/bulk", body: { action, ...chosen }, begin: label, verb: done, done,
    noun: ["job", "jobs"], danger, undo,
  });
}
