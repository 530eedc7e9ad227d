// The overview's charts: how executions ended over time, and how long they took.

import { h } from "../lib/dom.js";
import { duration, formatOf, number, plural } from "../lib/time.js";
import { chart, merged } from "../ui/chart.js";
import { card } from "../ui/page.js";

const HOUR = 3600000, DAY = 86400000;
const ENDS = [
  { key: "successful", label: "Succeeded", tone: "ok" }, { key: "cancelled", label: "Cancelled", tone: "idle" },
  { key: "failed", label: "Failed", tone: "bad" },
];
const FAILURES = [
  { key: "failure", label: "Failed", tone: "bad" }, { key: "timeout", label: "Out of time", tone: "warn" },
  { key: "lost", label: "Lost", tone: "idle" },
];
const PERCENTILES = [
  { key: "p50_ms", label: "Half within", tone: "accent" }, { key: "p95_ms", label: "95 % within", tone: "warn",
    dash: "6 3" },
  { key: "p99_ms", label: "99 % within", tone: "bad", dash: "2 3" },
];
const CLOCK = formatOf({ hour: "2-digit", minute: "2-digit" });
const DATED = formatOf({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const UTC_DAY = formatOf({ weekday: "short", day: "numeric", month: "long", timeZone: "UTC" });

/** What may be shown: `params` of the request, and how many hours make one bar. */
export const RANGES = {
  "24h": { label: "24 hours", words: "in the last 24 hours", bars: 1, params: () => ({ step: "hour" }) },
  "7d": { label: "7 days", words: "in the last 7 days", bars: 3, params: () => ({ step: "hour",
    from: new Date(new Date().setHours(0, 0, 0, 0) - 6 * DAY).toISOString() }) },
  "30d": { label: "30 days", words: "in the last 30 days", bars: 1, params: () => ({ step: "day" }) },
};

/**
 * The three charts.
 * @param {{series: object, range: string}} first the answer of stats/series, and which of RANGES it is
 * @param {HTMLElement} chooser what chooses the range
 * @returns {HTMLElement} with `update({series, range})`
 */
export function charts(first, chooser) {
  const shown = told(first);
  const ends = chart({ title: "Executions", kind: "bars", series: ENDS, points: shown.ends, height: 240,
    empty: "Nothing has run in this time.", summary: (points) => summed("Executions", ENDS, points, shown.range) });
  const failures = chart({ title: "Failures", kind: "bars", series: FAILURES, points: shown.failures,
    empty: "Nothing has failed in this time.", summary: (points) => summed("Failures", FAILURES, points,
      shown.range) });
  const took = chart({ title: "Duration", kind: "lines", isTime: true, series: PERCENTILES, points: shown.took,
    format: duration,
    empty: "Nothing has run in this time.", summary: (points) => longest(points, shown.range) });
  const rate = h("span", { class: "quiet small" }, shown.rate);
  const whole = h("div", { class: "stack wide-gap" },
    h("section", { class: "card" }, h("div", { class: "row between card-head" }, h("div", { class: "row" }, h("h2",
      "Executions"), rate), chooser), ends),
    h("div", { class: "halves" }, card("Failures", failures), card("Duration", took)));
  whole.update = (next) => {
    Object.assign(shown, told(next));
    rate.textContent = shown.rate;
    ends.update(shown.ends);
    failures.update(shown.failures);
    took.update(shown.took);
  };
  return whole;
}

function told({ series, range }) {
  const length = series.step === "day" ? DAY : HOUR;
  const label = series.step === "day" ? (at) => `${UTC_DAY.format(at)} (UTC)` : (at,
    until) => `${DATED.format(at)}–${CLOCK.format(until)}`;
  const all = series.points.map((point) => {
    const at = Date.parse(point.from);
    const { timeout = 0, lost = 0, cancelled = 0, failed: failure = 0 } = point.by_status;
    return { at, until: at + length, goesOn: at + length > Date.now(), label: label(at, at + length),
      point: { ...point, timeout, lost, cancelled, failure } };
  });
  const of = (keys) => all.map(({ point, ...rest }) => ({ ...rest,
    values: Object.fromEntries(keys.map(({ key }) => [key, point[key]])) }));
  const { bars } = RANGES[range];
  const counted = (keys) => (bars > 1 ? merged(of(keys), bars, label) : of(keys));
  return { range, ends: counted(ENDS), failures: counted(FAILURES), took: of(PERCENTILES), rate: rated(series.points) };
}

function rated(points) {
  const [total, failed] = ["total", "failed"].map((key) => points.reduce((sum, point) => sum + point[key], 0));
  if (!total) return "";
  const share = failed ? `${number((100 * failed) / total, 1)} %` : "none";
  return `${plural(total, "execution")}, ${share} failed`;
}

function summed(what, series, points, range) {
  const sum = (key, among = points) => among.reduce((all, { values }) => all + values[key], 0);
  const parts = series.map(({ key, label }) => `${number(sum(key))} ${label.toLowerCase()}`);
  const totals = points.map((point) => series.reduce((all, { key }) => all + point.values[key], 0));
  const most = Math.max(0, ...totals);
  const peak = most ? ` Most at ${points[totals.indexOf(most)].label}: ${number(most)}.` : "";
  return `${what} ${RANGES[range].words}: ${parts.join(", ")}.${peak}`;
}

function longest(points, range) {
  const known = points.filter(({ values }) => values.p95_ms !== null);
  if (!known.length) return `Durations ${RANGES[range].words}: none.`;
  const worst = known.reduce((best, point) => (point.values.p95_ms > best.values.p95_ms ? point : best));
  const most = duration(worst.values.p95_ms);
  return `Durations ${RANGES[range].words}: 95 % of executions within ${most} at most, at ${worst.label}.`;
}
