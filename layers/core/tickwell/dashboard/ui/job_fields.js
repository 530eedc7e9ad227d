// What a job has besides its payload, as schemas for the form. `when`: which other values a field goes with.

import { CronEditor, InstantEditor, SecondsEditor, SegmentsEditor, SeveralEditor, ZoneEditor } from "./job_editors.js";

const DAY = 86400;
const MODES = { now: "Now", at: "At a time", after: "After a delay", cron: "By cron", every: "At an interval" };
const OVERLAP = { skip: "Skip the new run", queue_one: "Let one wait", queue_all: "Let all wait",
  cancel_other: "Cancel the old run", allow: "Run side by side" };
const MISFIRE = { run_once: "Run once for all", run_all: "Run each of them", skip: "Let them go",
  refuse: "Refuse a time that has passed" };
const STRATEGIES = { exponential: "Longer and longer", fixed: "Always the same", schedule: "As listed" };

/** The field that says when, by the mode that is chosen. */
export const TIMED_BY = { at: "scheduled_time", after: "delay_seconds", cron: "cron_expression",
  every: "interval_seconds" };

const mode = (...modes) => (read) => modes.includes(read("mode"));
const recurs = mode("cron", "every");
const misses = mode("at", "cron", "every");
const runsAll = (read) => recurs(read) && read("misfire") === "run_all";

function seconds(titled, minimum, maximum, more) {
  return { editor: SecondsEditor, type: "integer", title: titled, minimum, maximum, ...more };
}

function oneOf(titled, labels, none, more) {
  return { enum: Object.keys(labels), labels, title: titled, none, ...more };
}

/** What a job is called, and what it does. `tasks` null: an existing job, whose task stays. */
export function aboutSchema(tasks) {
  return { type: "object", required: ["task", "name"], properties: {
    ...(tasks && { task: { enum: tasks.map((one) => one.name), title: "Task" } }),
    name: { type: "string", maxLength: 255, examples: ["Daily report"], narrow: tasks !== null },
    description: { type: "string", maxLength: 5000, rows: 2 },
    tags: { editor: SeveralEditor, items: { type: "string", maxLength: 50 }, maxItems: 20,
      examples: ["reports, nightly"], description: "With commas between them" },
  } };
}

/** When a job runs. `zone()` gives the zone that is chosen. */
export function whenSchema(zone) {
  const instant = (titled, when, more) => ({ editor: InstantEditor, zone, title: titled, when, ...more });
  return { type: "object", required: ["mode", ...Object.values(TIMED_BY)], properties: {
    mode: { editor: SegmentsEditor, enum: Object.keys(MODES), labels: MODES, title: "When it runs" },
    scheduled_time: instant("Date and time", mode("at")),
    delay_seconds: seconds("How long from now", 0, undefined, { type: "number", when: mode("after") }),
    cron_expression: { editor: CronEditor, maxLength: 255, title: "Cron expression", when: mode("cron"),
      examples: ["0 9 * * 1-5"] },
    interval_seconds: seconds("Every", 1, undefined, { when: mode("every") }),
    timezone: { editor: ZoneEditor, title: "Time zone", when: misses, narrow: true },
    ...folded(instant),
  } };
}

/** What few jobs say of their times. */
function folded(instant) {
  const fields = {
    start_at: instant("Not before", recurs),
    end_at: instant("Not after", recurs),
    exclude: { editor: SeveralEditor, items: { type: "string" }, maxItems: 100, title: "Left out on", when: recurs,
      examples: ["2026-12-24/2026-12-26, 2027-01-01"], description: "Local dates, or ranges with / between both ends" },
    jitter_seconds: seconds("Spread starts over", 0, 3600, { when: recurs,
      description: "Each run starts up to so much later, so that not all jobs start at once" }),
    overlap: oneOf("While the last run is not over", OVERLAP, "Skip the new run (default)", { when: recurs }),
    misfire: oneOf("When runs were missed", MISFIRE, "Run once for all (default)", { when: misses }),
    misfire_grace_seconds: seconds("Missed when later than", 0, DAY, { default: 60, when: misses }),
    misfire_max: { type: "integer", minimum: 1, maximum: 100, default: 100, title: "Missed runs, at most",
      when: runsAll },
    misfire_spread_seconds: seconds("Missed runs, apart by", 0, 3600, { default: 1, when: runsAll }),
    expires_after_seconds: seconds("Give up when later than", 1, undefined,
      { description: "No attempt starts later than this after its time" }),
    dst_missing: oneOf("Where the clock skips the time", { shift: "Run right after the gap",
      skip: "Do not run that day" }, "Run right after the gap (default)", { when: mode("cron") }),
    dst_repeated: oneOf("Where the clock shows it twice", { first: "Run the first time", last: "Run the second time",
      both: "Run both times" }, "Run the first time (default)", { when: mode("cron") }),
  };
  for (const field of Object.values(fields)) field.fold = "More about when";
  return fields;
}

/** How a job is run. `queues`: as the API lists them, null where they are not known; `recurring()`: the job recurs. */
export function howSchema({ queues, task, recurring, isNew }) {
  const said = (value, otherwise) => `As the task says (${value ?? otherwise})`;
  return { type: "object", properties: {
    queue: { ...queueChoice(queues, task), description: "Queues can be paused and limited" },
    priority: oneOf("Priority", { high: "High", medium: "Medium", low: "Low" }, "As the queue says"),
    timeout_seconds: seconds("Time limit of an attempt", 1, 870, { default: task?.timeout_seconds }),
    max_retries: { type: "integer", minimum: 0, maximum: 100, default: task?.max_retries, title: "Retries",
      description: "3 means up to four attempts" },
    retry: retrySchema(),
    on_lost: oneOf("When a worker dies", { retry: "Try again", fail: "Fail: it must not run twice" },
      said(task?.on_lost, "retry")),
    stall_seconds: seconds("Lost without a sign of life for", 5, 3600, { description: "Otherwise the time limit" }),
    pause_after_failures: { type: "integer", minimum: 1, maximum: 1000, title: "Pause after failures", when: recurring,
      description: "So many in a row; the job waits then until somebody resumes it" },
    precision: oneOf("Precision", { second: "To the second", subsecond: "Better: a worker waits for the instant" },
      said(task?.precision, "second")),
    ...(isNew && { key: { type: "string", maxLength: 128, title: "Key of your own", examples: ["reports/daily"],
      description: "By which programs find and change this job; one job has it at a time" } }),
  } };
}

function queueChoice(queues, task) {
  if (!queues) return { type: "string", maxLength: 64 };
  const labels = Object.fromEntries(queues.filter((one) => one.paused).map(({ name }) => [name, `${name} (paused)`]));
  const none = task?.queue ? `As the task says (${task.queue})` : "The default one of the priority";
  return { enum: queues.map((one) => one.name), labels, none };
}

function retrySchema() {
  const by = (...strategies) => (read) => strategies.includes(read("strategy"));
  const pause = (titled, preset, more) => seconds(titled, 0, 30 * DAY, { type: "number", default: preset, ...more });
  return { type: "object", required: ["strategy"], title: "Pauses between retries", properties: {
    strategy: oneOf("They are", STRATEGIES),
    delay_seconds: pause("First pause", 60, { when: by("exponential", "fixed") }),
    factor: { type: "number", minimum: 1, maximum: 100, default: 2, title: "Then times", when: by("exponential") },
    delays_seconds: { editor: SeveralEditor, items: { type: "number", minimum: 0, maximum: 30 * DAY }, maxItems: 100,
      title: "Pauses in seconds", examples: ["60, 300, 900"], description: "The last one is repeated",
      when: by("schedule") },
    max_delay_seconds: pause("Never longer than", DAY),
    jitter: { type: "number", minimum: 0, maximum: 1, default: 0, title: "Spread",
      description: "0.2 spreads each pause by 20 % to both sides" },
  } };
}
