// What the overview is made of besides its charts. Each part has `update(data)`, which leaves alone what is the same.

import { fill, h } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { duration, instant, number, plural } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { empty } from "../ui/empty.js";

const LEVELS = { critical: 0, warning: 1, normal: 2 };
const MOST_QUEUES = 8;

/** Jobs by what they are doing, each with a link to exactly those. Takes what dashboard/stats answers. */
export function tiles(first) {
  const whole = h("ul", { class: "tiles", "aria-label": "Jobs by what they are doing" });
  whole.update = ({ jobs, pending, running, dead_letters: letters, executions, upcoming_jobs: [next] }) => {
    const rate = executions.success_rate;
    fill(whole, [
      tile("Pending", pending, ["/jobs", { state: "pending" }], next && ["next ", instant(next.next_run,
        { relative: true })]),
      tile("Running", running, ["/jobs", { state: "running" }], "now", running && "run"),
      tile("Completed", jobs.completed, ["/jobs", { state: "completed" }], rate !== null
        && `${number(rate, 1)} % success`),
      tile("Failed", jobs.failed, ["/jobs", { state: "failed" }], jobs.failed ? "for good" : "none", jobs.failed
        && "bad"),
      tile("Paused", jobs.paused, ["/jobs", { state: "paused" }], jobs.paused ? "until resumed" : "none", jobs.paused
        && "warn"),
      tile("Dead letters", letters, ["/dead-letters"], letters ? "to look at" : "none", letters && "bad"),
    ]);
  };
  whole.update(first);
  return whole;
}

function tile(label, value, [path, params], note, tone) {
  return h("li", h("a", { class: "card figure", href: href(path, params) }, h("span", { class: "quiet small" }, label),
    h("span", { class: ["value", tone && `tone-${tone}`] }, number(value)), h("span", { class: "quiet small" },
      note || " ")));
}

/** What runs next. Takes what dashboard/stats answers. */
export function upcoming(first) {
  return feed("What runs next", empty({ title: "Nothing is due within a day", icon: "clock" }),
    ({ upcoming_jobs: rows }) => rows, (row) => ({
    title: jobLink(row.id, row.name), note: row.job_type === "recurring" ? "Recurring" : "Once",
      end: instant(row.next_run, { relative: true }),
  }), first);
}

/** What ended last. Takes what dashboard/stats answers. */
export function recent(first) {
  return feed("What ended last", empty({ title: "Nothing has run yet", icon: "play" }),
    ({ recent_executions: rows }) => rows, (row) => ({
    title: jobLink(row.job_id, row.job_name), end: badge(row.status),
    note: [instant(row.execution_time, { relative: true }), ` · ${duration(row.duration_ms)}`],
  }), first);
}

/** What was given up last. Takes what dead-letters answers. */
export function givenUp(first) {
  const none = empty({ title: "Nothing was given up", text: "Jobs whose attempts all failed stand here.",
    icon: "check" });
  return feed("What was given up last", none, ({ dead_letters: rows }) => rows, (row) => ({
    title: h("a", { href: href(`/dead-letters/${row.id}`) }, row.job_name || "A job that is gone"),
    note: row.error_message || row.reason, end: instant(row.failed_at, { relative: true }),
  }), first);
}

/** The queues, those in trouble first. Takes what queues answers. */
export function queues(first) {
  const worst = ({ queues: rows }) => [...rows].sort((a, b) => rank(a) - rank(b) || b.waiting - a.waiting).slice(0,
    MOST_QUEUES);
  return feed("Queues", null, worst, (row) => ({
    title: h("a", { href: href("/jobs", { queue: row.name }) }, row.name),
      end: row.paused ? badge("paused") : badge(row.health),
    note: [`${number(row.waiting)} waiting`, row.running !== null && ` · ${number(row.running)} running`],
  }), first);
}

function rank({ health, paused }) {
  return LEVELS[health] - (paused ? 0.5 : 0);
}

/** The processes that run jobs. Takes what workers answers. */
export function workers(first) {
  const none = empty({ title: "No worker has told of itself lately",
    text: "On AWS workers start when there is something to do.", icon: "clock" });
  return feed("Workers", none, ({ workers: rows }) => rows, (row) => ({
    title: h("span", { class: "mono", title: row.id }, row.id), note: [plural(row.running, "job"), " · seen ",
      instant(row.last_heartbeat_at, { relative: true })],
    end: h("span", { class: "row chips" }, row.lanes.map((lane) => chip(lane))),
  }), first);
}

/** A list of things, each with a line below it and something at its end; what is the same stays the same element. */
function feed(label, none, rowsOf, told, first) {
  const list = h("ul", { class: "feed", "aria-label": label });
  const whole = h("div", list);
  let drawn = new Map();
  whole.update = (data) => {
    const rows = rowsOf(data);
    drawn = new Map(rows.map((row) => {
      const key = JSON.stringify(row);
      return [key, drawn.get(key) || line(told(row))];
    }));
    const lines = [...drawn.values()];
    if (lines.length !== list.children.length || lines.some((each,
      index) => list.children[index] !== each)) fill(list, lines);
    list.hidden = !rows.length;
    fill(whole, list, !rows.length && none);
  };
  whole.update(first);
  return whole;
}

function line({ title, note, end }) {
  return h("li", h("div", h("p", { class: "clip", dir: "auto" }, title),
    h("p", { class: "clip small quiet" }, note)), h("div",
    { class: "end small" }, end));
}

function jobLink(id, name) {
  return h("a", { href: href(`/jobs/${id}`) }, name || "A job that is gone");
}
