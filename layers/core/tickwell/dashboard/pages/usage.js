// Settings: what the organization's jobs did and what that costs, by day and by queue.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { setQuery } from "../lib/router.js";
import { duration, number } from "../lib/time.js";
import { chart } from "../ui/chart.js";
import { field, fieldsIn } from "../ui/form.js";
import { meter } from "../ui/meter.js";
import { card, load, page } from "../ui/page.js";
import { table } from "../ui/table.js";
import { days, dollars, periodOf, periods } from "./usage_periods.js";

export const title = "Usage";

const LEAD = h("span", "What your jobs did, and what that costs on AWS. How much there may be of what stands under ",
  h("a", { href: "#/settings/organization" }, "Organization"), ".");
const ACTIVITIES = [
  ["created_soon", "Jobs created, due within 15 minutes"], ["created_far", "Jobs created, due later"],
  ["created_recurring", "Recurring jobs created"], ["children", "Extra runs and backfills"],
  ["changes", "Pauses, resumes, cancellations, deletions"],
  ["attempts", "First attempts of one-time jobs"], ["occurrences", "First attempts of recurring jobs"],
  ["retries", "Further attempts"],
  ["given_up", "Failed for good"], ["outside", "Attempts outside of any worker"],
];
const UNITS = [
  ["write_units", "DynamoDB write units"], ["read_units", "DynamoDB read units"], ["sqs_requests", "SQS requests"],
  ["http_requests", "HTTP API requests"], ["lambda_requests", "Lambda requests"], ["gb_seconds", "Lambda GB-seconds"],
  ["scheduler_invocations", "EventBridge schedules"],
];

export default async function usage({ root, query, signal }) {
  const cost = h("div", { class: "stack" });
  page(root, { title, lead: LEAD.cloneNode(true) }).append(chooser(query, cost, signal), cost);
  await showCost(cost, query, signal);
}

/** The period and the queue; another choice is shown at once. */
function chooser(query, place, signal) {
  const now = new Date();
  const choose = () => {
    const chosen = Object.fromEntries(fieldsIn(bar).map(({ name, read }) => [name, read() ?? null]));
    setQuery(chosen);
    showCost(place, chosen, signal);
  };
  const queue = field({ name: "queue", label: "Queue", type: "select", optional: false, value: query.queue,
    options: [{ value: "", label: "All queues" }], onInput: choose });
  const bar = h("div", { class: "fields narrow-fields" },
    field({ name: "period", label: "Period", type: "select", optional: false, value: query.period ?? "this-month",
      options: periods(now), onInput: choose }), queue);
  api.get("queues", {}, { signal }).then(({ queues }) => {
    const select = queue.querySelector("select");
    select.append(...queues.map(({ name }) => h("option", { value: name, selected: name === query.queue }, name)));
  }, () => {});
  return bar;
}

function showCost(place, { period, queue }, signal) {
  return load(place, "cards", async () => {
    const range = periodOf(period, new Date());
    return report(await api.get("usage", { ...range, queue }, { signal }), queue);
  });
}

function report(found, queue) {
  const { total } = found;
  if (!found.days.length) return [card(null, h("p", { class: "quiet" }, "Nothing was done in this period."))];
  return [figures(total), byDay(found), queue ? null : byQueue(found), card("What was done", table({
    caption: "What was done", key: (row) => row.name, rows: ACTIVITIES.map(([name, label]) => ({ name, label,
      count: total.activities[name] })).filter((row) => row.count),
    columns: [{ key: "label", label: "What", main: true }, { key: "count", label: "How often", align: "end",
      render: (row) => number(row.count) }],
  })), billed(total.units), footnote(found)];
}

function figures(total) {
  const { attempts, occurrences, retries, given_up: lost } = total.activities;
  const figure = (label, value, below) => h("li", h("div", { class: "card figure" },
    h("span", { class: "small quiet" }, label),
    h("span", { class: "value money" }, value), h("span", { class: "small quiet" }, below)));
  return h("ul", { class: "tiles even" },
    figure("Estimated cost", dollars(total.estimated_usd.most),
      `${dollars(total.estimated_usd.least)} in full batches`),
    figure("Attempts", number(attempts + occurrences + retries), `${number(retries)} of them retries`),
    figure("Failed for good", number(lost), "each left a dead letter"),
    figure("Workers busy", duration(total.execution_seconds * 1000), "all attempts together"));
}

function range({ least, most }) {
  return least === most ? dollars(most) : `${dollars(least)} – ${dollars(most)}`;
}

function byDay(found) {
  const known = new Map(found.days.map((day) => [day.day, day.estimated_usd]));
  const points = days(found.since, found.until).map((day) => {
    const { least, most } = known.get(day) ?? { least: 0, most: 0 };
    const at = Date.parse(day);
    return { at, until: at + DAY_MS, label: day, values: { least: least * MICRO, more: (most - least) * MICRO } };
  });
  if (points.length < 2) return null;
  return card("By day", chart({
    title: "Estimated cost by day", kind: "bars", points, format: (value) => dollars(value / MICRO),
    series: [{ key: "least", label: "In full batches", tone: "accent" },
      { key: "more", label: "More, where jobs come alone", tone: "idle" }],
    summary: () => `Estimated cost of ${points.length} days (UTC): ${range(found.total.estimated_usd)}.`,
  }));
}

/** Charts have steps of one or more: they are told millionths of a dollar. */
const MICRO = 1e6;
const DAY_MS = 86400000;
const ran = ({ activities }) => activities.attempts + activities.occurrences + activities.retries;
const COST_COLUMNS = [
  { key: "attempts", label: "Attempts", align: "end", render: (row) => number(ran(row)) },
  { key: "busy", label: "Workers busy", align: "end", render: (row) => duration(row.execution_seconds * 1000) },
  { key: "cost", label: "Estimated", align: "end", render: (row) => range(row.estimated_usd) },
];

function byQueue(found) {
  const whole = found.total.estimated_usd.most;
  const share = { key: "share", label: "Share", render: (row) => {
    const told = `${number((100 * row.estimated_usd.most) / (whole || 1), 0)} %`;
    return h("div", { class: "used" }, told, meter(row.estimated_usd.most, whole, `${told} of the cost`));
  } };
  const rows = [...found.queues].sort((one, other) => other.estimated_usd.most - one.estimated_usd.most);
  return card("By queue", table({ caption: "Cost by queue", columns: [{ key: "queue", label: "Queue", main: true },
    ...COST_COLUMNS, share], rows, key: (row) => row.queue }));
}

function billed({ least, most }) {
  const rows = UNITS.map(([name, label]) => ({ name, label, least: least[name],
    most: most[name] })).filter((row) => row.most);
  return h("details", { class: "fold card" }, h("summary", "What AWS bills"),
    table({ caption: "What AWS bills", rows, key: (row) => row.name, columns: [
    { key: "label", label: "Unit", main: true },
    { key: "least", label: "In full batches", align: "end", render: (row) => number(row.least) },
    { key: "most", label: "Each job alone", align: "end", render: (row) => number(row.most) },
  ] }));
}

function footnote(found) {
  return h("p", { class: "small quiet measure" },
    `Estimated by the list prices of ${found.prices.region} as of ${found.prices.as_of}, without free tiers: `,
    "the smaller number where all batches are full, the larger one where each job comes and runs alone. ",
    "Reads, edits, storage and large payloads are not in it, nor what an idle deployment costs. ",
    "On one machine, none of it is billed.");
}
