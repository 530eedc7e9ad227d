// The way from a job to its form, and back to what is sent.

import { same } from "../lib/schema.js";
import { TIMED_BY, aboutSchema, howSchema, whenSchema } from "./job_fields.js";

const MODE_OF = { immediate: "now", scheduled: "at", cron: "cron", interval: "every" };
const NEVER_NULL = new Set(["name", "timezone", ...Object.values(TIMED_BY)]);
const PRIORITIES = ["high", "medium", "low"];

/** The values of a form for a job: {about, when, how, payload}. */
export function valuesOf(job) {
  const given = withoutNull(job);
  const some = ({ properties }) => picked(given, Object.keys(properties));
  const how = some(howSchema({ recurring: () => true }));
  if (!PRIORITIES.includes(how.priority)) delete how.priority;
  if (how.retry) how.retry = withoutNull(how.retry);
  return {
    about: some(aboutSchema(null)),
    when: { ...some(whenSchema(() => "UTC")), mode: MODE_OF[job.schedule_type],
      jitter_seconds: job.jitter_seconds || undefined },
    how,
    payload: given.payload,
  };
}

/** The values for a job that is to be made after another, without what the task says anyway. */
export function valuesOfCopy(job, task) {
  const values = valuesOf(job);
  values.about = { ...values.about, name: `${values.about.name.slice(0, 248)} (copy)` };
  const usual = withoutNull({ ...task, retry: withoutNull(task?.retry || {}) });
  for (const name of Object.keys(values.how)) if (same(usual[name], values.how[name])) delete values.how[name];
  if (values.how.queue?.startsWith("default-")) delete values.how.queue;
  return values;
}

/** What a form says, as the request's fields. */
export function fieldsOf({ about, when, how, payload }) {
  const { mode, timezone, ...times } = when;
  const isZoned = timezone && (mode === "cron" || mode === "every");
  return withoutUndefined({ ...about, ...times, ...how, timezone: isZoned ? timezone : undefined, payload });
}

/** What makes a job that was `before` become `after`, both as forms say it; `after.shown`: what is to be seen there. */
export function changesOf(before, after) {
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const changes = Object.fromEntries(Object.entries(is).filter(([name, value]) => !same(value, was[name])));
  for (const name of Object.keys(was)) {
    const isKept = name in is || NEVER_NULL.has(name) || !after.shown.has(name);
    if (!isKept) changes[name] = name === "tags" ? [] : null;
  }
  const { mode } = after.when;
  if (mode === before.when.mode) return changes;
  const timedBy = TIMED_BY[mode];
  return timedBy ? { ...changes, [timedBy]: is[timedBy] } : { ...changes, schedule_type: "immediate" };
}

function picked(given, names) {
  return Object.fromEntries(names.filter((name) => name in given).map((name) => [name, given[name]]));
}

function withoutNull(given) {
  const isThere = (value) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(given).filter(([, value]) => isThere(value)));
}

function withoutUndefined(given) {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
