// Charts: drawn as SVG, read by pointing, by arrow keys, or as a table.

import { fill, h, s } from "../lib/dom.js";
import { number } from "../lib/time.js";
import { drawing, scales } from "./plot.js";

/**
 * A chart over time.
 * @param {object} told `kind`: "bars" (stacked, in the order of `series`) or "lines"; `series`: [{key, label, tone,
 *   dash?}]
 *   (`tone`: ok, bad, warn, idle or accent; `dash` tells lines apart without colours); `points`: [{at, until, label,
 * goesOn?, values: {key: number | null}}] with `at` and `until` in milliseconds; `format(value)`; `isTime`: values are
 * milliseconds; `summary(points)`: what a screen reader is told of the whole; `empty`: what stands there without
 *   values;
 *   `height` in pixels
 * @returns {HTMLElement} with `update(points)`
 */
export function chart(told) {
  const state = { format: number, height: 220, ...told, at: null, index: null };
  const part = {
    svg: s("svg", { "aria-hidden": "true" }), legend: h("ul", { class: "legend" }), tip: h("div", { class: "tip",
      hidden: true }),
    spoken: h("p", { class: "hidden-text", "aria-live": "polite" }), none: h("p", { class: "none quiet",
      hidden: true }, told.empty || "Nothing yet"),
    values: h("div", { class: "values", tabindex: "0", role: "region", "aria-label": `${told.title}: values` }),
  };
  part.plot = h("div", { class: "plot", role: "img", tabindex: "0" }, part.svg);
  part.details = h("details", { on: { toggle: () => tabulate(state, part) } }, h("summary", "Show as a table"),
    part.values);
  const whole = h("figure", { class: "chart" }, part.legend, h("div", { class: "plot-area" }, part.plot, part.none,
    part.tip), part.spoken, part.details);
  whole.update = (points) => {
    state.points = points;
    draw(state, part);
    legend(state, part);
    part.plot.setAttribute("aria-label", `${state.summary(points)} Arrow keys go through the values.`);
    part.none.hidden = points.some((point) => Object.values(point.values).some((value) => value));
    tabulate(state, part);
  };
  listen(state, part);
  whole.update(state.points);
  new ResizeObserver(() => draw(state, part)).observe(part.plot);
  return whole;
}

/** Points of which each is so many `hours` of the viewer's clock together; sums, so not for percentiles. */
export function merged(points, hours, label) {
  const groups = [];
  for (const point of points) {
    if (!groups.length || new Date(point.at).getHours() % hours === 0) groups.push([]);
    groups.at(-1).push(point);
  }
  return groups.map((those) => {
    const [at, until] = [those[0].at, those.at(-1).until];
    const sum = (key) => those.reduce((total, { values }) => total + (values[key] || 0), 0);
    const values = Object.fromEntries(Object.keys(those[0].values).map((key) => [key, sum(key)]));
    return { at, until, goesOn: those.at(-1).goesOn, values, label: label(at, until) };
  });
}

function draw(state, part) {
  const width = Math.floor(part.plot.clientWidth);
  if (!width) return;
  state.at = scales(state, width, state.height);
  for (const [name, value] of [["viewBox", `0 0 ${width} ${state.height}`], ["width", width], ["height",
    state.height]]) {
    part.svg.setAttribute(name, value);
  }
  fill(part.svg, drawing(state, state.at));
  if (state.index !== null) show(state, part, Math.min(state.index, state.points.length - 1));
}

function legend(state, part) {
  fill(part.legend, state.series.map((each) => h("li", swatch(state, each), each.label,
    state.kind === "bars" && h("strong", state.format(state.points.reduce((sum, { values }) => sum + (values[each.key]
      || 0), 0))))));
}

function swatch({ kind }, { tone, dash }) {
  return s("svg", { class: "swatch", viewBox: "0 0 18 10", "aria-hidden": "true" }, kind === "bars"
    ? s("rect", { class: tone, x: 4, width: 10, height: 10, rx: 2.5 })
    : s("path", { class: tone, d: "M0 5h18", "stroke-dasharray": dash }));
}

function listen(state, part) {
  const point = (event) => show(state, part, state.at
    && state.at.indexAt(event.clientX - part.plot.getBoundingClientRect().left));
  const events = {
    pointermove: point, pointerdown: point,
    pointerleave: () => part.plot.matches(":focus-visible") || show(state, part, null),
    focus: () => part.plot.matches(":focus-visible") && speak(state, part, state.points.length - 1),
    blur: () => show(state, part, null),
    keydown: (event) => {
      const last = state.points.length - 1;
      const here = state.index === null ? last : state.index;
      const next = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[event.key];
      if (event.key === "Escape") show(state, part, null);
      if (next === undefined) return;
      event.preventDefault();
      speak(state, part, Math.min(last, Math.max(0, next)));
    },
  };
  for (const [name, listener] of Object.entries(events)) part.plot.addEventListener(name, listener);
}

/** Marks a point and tells its values beside it; null takes that away. */
function show(state, part, index) {
  const { at } = state;
  const here = part.svg.querySelector(".here");
  state.index = at && state.points[index] ? index : null;
  part.tip.hidden = state.index === null;
  if (!here) return;
  here.setAttribute("visibility", state.index === null ? "hidden" : "visible");
  if (state.index === null) return;
  here.setAttribute("x", at.left + at.band * index);
  fill(part.tip, h("p", { class: "strong" }, title(state.points[index])), h("dl", told(state, index).map(({ each,
    text }) =>
    h("div", h("dt", swatch(state, each), each.label), h("dd", text)))));
  const half = part.tip.offsetWidth / 2;
  const x = Math.min(at.width - half, Math.max(half, at.middle(index)));
  part.tip.style.setProperty("--x", `${Math.round(x - half)}px`);
}

function speak(state, part, index) {
  show(state, part, index);
  if (!state.points[index]) return;
  const values = told(state, index).map(({ each, text }) => `${each.label} ${text}`);
  part.spoken.textContent = `${title(state.points[index])}: ${values.join(", ")}`;
}

/** The values of a point, those on top first, as the drawing has them. */
function told({ series, points, format }, index) {
  return series.map((each) => ({ each, text: format(points[index].values[each.key]) })).reverse();
}

function title({ label, goesOn }) {
  return goesOn ? `${label}, so far` : label;
}

/** The table is only made for who opens it. */
function tabulate(state, part) {
  if (!part.details.open) return;
  fill(part.values, h("table", h("caption", { class: "hidden-text" }, state.title),
    h("thead", h("tr", h("th", { scope: "col" }, "Time"), state.series.map(({ label }) => h("th", { scope: "col" },
      label)))),
    h("tbody", [...state.points].reverse().map((point) => h("tr", h("th", { scope: "row" }, title(point)),
      state.series.map(({ key }) => h("td", state.format(point.values[key] ?? null))))))));
}
