// The drawing inside a chart, in pixels of the place that it has: scales, axes, stacked bars, and lines.

import { s } from "../lib/dom.js";
import { formatOf } from "../lib/time.js";

const TOP = 10, RIGHT = 6, BOTTOM = 22, LETTER = 6.6, LABEL = 50, LEAST = 2;
const SECOND = 1000, MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
const TIMES = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500], ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE), ...[1, 2, 4, 8, 12].map((count) => count * HOUR),
];
const EVERY = [1, 2, 3, 4, 6, 12, 24];
const CLOCK = formatOf({ hour: "2-digit", minute: "2-digit" });
const DATE = formatOf({ day: "numeric", month: "short" });
const UTC_DATE = formatOf({ day: "numeric", month: "short", timeZone: "UTC" });

/** Round values from 0 to `most` or a little above, about five steps: of counts, or (`isTime`) of milliseconds. */
export function ticks(most, isTime) {
  const wanted = Math.max(most, 1) / 5;
  const step = (isTime && TIMES.find((each) => each >= wanted))
    || (isTime ? DAY * rounded(wanted / DAY) : rounded(wanted));
  const count = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** The next of 1, 2, 5, 10, 20, … */
function rounded(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return Math.max(1, power * [1, 2, 5, 10].find((each) => each * power >= value));
}

/**
 * Where things are in a plot of that size.
 * @param {{points: Array, series: Array, kind: string, format: Function}} told
 */
export function scales({ points, series, kind, format, isTime }, width, height) {
  const tops = points.flatMap((point) => kind === "bars"
    ? [series.reduce((sum, { key }) => sum + (point.values[key] || 0), 0)]
    : series.map(({ key }) => point.values[key] || 0));
  const steps = ticks(Math.max(0, ...tops), isTime);
  const left = 10 + LETTER * Math.max(...steps.map((value) => format(value).length));
  const inner = Math.max(10, width - left - RIGHT);
  const band = inner / Math.max(1, points.length);
  const bottom = height - BOTTOM;
  return {
    width, height, left, inner, band, bottom, steps,
    y: (value) => bottom - ((bottom - TOP) * value) / steps.at(-1),
    middle: (index) => left + band * (index + 0.5),
    indexAt: (x) => Math.min(points.length - 1, Math.max(0, Math.floor((x - left) / band))),
  };
}

/** The whole drawing: a grid, what is told, and a band that marks one point. */
export function drawing(told, at) {
  return [grid(told, at), s("rect", { class: "here", y: TOP, height: at.bottom - TOP, width: at.band,
    visibility: "hidden" }),
    told.kind === "bars" ? bars(told, at) : lines(told, at), dates(told.points, at)];
}

function grid({ format }, at) {
  return s("g", { class: "grid" }, at.steps.map((value) => [
    s("line", { class: value === 0 && "base", x1: at.left, x2: at.width - RIGHT, y1: crisp(at.y(value)),
      y2: crisp(at.y(value)) }),
    s("text", { x: at.left - 8, y: at.y(value) + 4, "text-anchor": "end" }, format(value)),
  ]));
}

/** In the middle of a pixel, where a thin line is sharp. */
function crisp(y) {
  return Math.round(y) + 0.5;
}

function bars({ points, series }, at) {
  const gap = at.band > 8 ? Math.min(at.band * 0.28, 10) : at.band > 3 ? 1 : 0;
  return s("g", { class: "bars" }, points.map((point, index) => {
    let y = at.bottom;
    return series.map(({ key, tone }) => {
      const value = point.values[key] || 0;
      if (!value) return null;
      const height = Math.max(LEAST, at.bottom - at.y(value));
      y -= height;
      return s("rect", {
        class: [tone, point.goesOn && "goes-on"], x: at.left + at.band * index + gap / 2, y, rx: at.band > 8 ? 2 : 0,
        width: Math.max(1, at.band - gap), height: Math.max(LEAST - 0.5, height - (height > 4 ? 1 : 0)),
      });
    });
  }));
}

function lines({ points, series }, at) {
  return s("g", { class: "lines" }, series.map(({ key, tone, dash }) => {
    const known = points.map((point, index) => (point.values[key] === null || point.values[key] === undefined
      ? null : [at.middle(index), at.y(point.values[key])]));
    const path = known.map((place, index) => place
      && `${known[index - 1] ? "L" : "M"}${place.map(short).join(" ")}`).filter(Boolean);
    const alone = known.filter((place, index) => place && !known[index - 1] && !known[index + 1]);
    return [s("path", { class: tone, d: path.join("") || "M0 0", "stroke-dasharray": dash }),
      alone.map(([x, y]) => s("circle", { class: tone, cx: short(x), cy: short(y), r: 2.5 }))];
  }));
}

function short(value) {
  return Math.round(value * 10) / 10;
}

/** Times of the day, with the date where a day begins; or dates, as many as there is room for. */
function dates(points, at) {
  const most = Math.max(2, Math.floor(at.inner / LABEL));
  const isDaily = points.length > 0 && points[0].until - points[0].at >= DAY;
  const every = isDaily ? 0 : EVERY.find((hours) => hours % span(points[0]) === 0 && marked(points,
    hours).length <= most) || 24;
  const found = isDaily ? points.map((_, index) => index) : marked(points, every);
  const skip = Math.ceil(found.length / most);
  const shown = found.filter((_, index) => (found.length - 1 - index) % skip === 0);
  return s("g", { class: "dates" }, shown.map((index, order) => {
    const day = (isDaily ? UTC_DATE : DATE).format(points[index].at);
    const before = shown[order - 1];
    const isNewDay = isDaily || every === 24 || (before !== undefined && DATE.format(points[before].at) !== day);
    return s("text", { class: isNewDay && !isDaily && every < 24 && "day", x: placed(index, at), y: at.height - 5,
      "text-anchor": "middle" },
      isNewDay ? day : CLOCK.format(points[index].at));
  }));
}

function placed(index, at) {
  return Math.min(at.width - 18, Math.max(at.left + 14, at.middle(index)));
}

/** The points at which so many hours of the viewer's clock begin. */
function marked(points, hours) {
  return points.flatMap((point, index) => (new Date(point.at).getHours() % hours < span(point) ? [index] : []));
}

function span(point) {
  return point ? Math.max(1, Math.round((point.until - point.at) / HOUR)) : 1;
}
