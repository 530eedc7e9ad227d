// Instants, durations and numbers as people read them: in English, in the viewer's zone.

import { h } from "./dom.js";

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
const SHORT = formatOf({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const DATED = formatOf({ dateStyle: "medium", timeStyle: "short" });
const TO_THE_SECOND = formatOf({
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const EXACT = formatOf({
  weekday: "short", day: "numeric", month: "long", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const RELATIVE = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
const NUMBER = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 2 });
const STEPS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** A format for instants in the viewer's kind of English; clocks go to 24, as cron expressions and their words do. */
export function formatOf(fields) {
  return new Intl.DateTimeFormat(LANGUAGE, { hourCycle: "h23", ...fields });
}

/**
 * An instant of a schedule by the clocks of a zone: with seconds and year only where they are not what one expects.
 * @param {string} at an ISO text
 * @param {string} timeZone one that the browser does not know is shown as the viewer's own
 * @param {object} [more] further fields of an `Intl.DateTimeFormat`
 */
export function clockAt(at, timeZone, more = {}) {
  const date = new Date(at);
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  const fields = {
    weekday: "short", day: "numeric", month: "short", year: isThisYear ? undefined : "numeric",
    hour: "2-digit", minute: "2-digit", second: date.getTime() % 60000 ? "2-digit" : undefined, ...more,
  };
  try {
    return formatOf({ ...fields, timeZone }).format(date);
  } catch {
    return formatOf(fields).format(date);
  }
}

/** The viewer's time zone, such as Europe/Berlin. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/**
 * A `<time>` of an instant, with the exact one and its zone in the title. `relative`: "in 5 minutes", which moves on.
 * @param {string|number|null} iso an ISO text, or milliseconds; null and undefined give a dash
 * @param {{relative?: boolean, seconds?: boolean}} [options]
 */
export function instant(iso, { relative = false, seconds = false } = {}) {
  const at = iso === null || iso === undefined || iso === "" ? null : new Date(iso);
  if (at === null || Number.isNaN(at.getTime())) return h("span", { class: "quiet" }, "–");
  const text = relative ? fromNow(at) : seconds ? toTheSecond(at) : plain(at);
  const title = `${EXACT.format(at)} · ${zone()}`;
  return h("time", { datetime: at.toISOString(), title, dataset: { relative: relative ? "1" : undefined } }, text);
}

/** A `<time>` to the second. */
export function moment(iso) {
  return instant(iso, { seconds: true });
}

/** "in 5 minutes", "2 hours ago"; what would be rounded to 60 minutes is an hour. */
export function fromNow(at, now = Date.now()) {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (Math.abs(seconds) < 1) return "now";
  const [unit, size] = STEPS.find(([, each], at) => Math.abs(seconds) >= each - (STEPS[at + 1]?.[1] ?? 0) / 2);
  return RELATIVE.format(Math.round(seconds / size), unit);
}

/** An instant as a text, without the year where it is this one. */
export function plain(at) {
  const date = new Date(at);
  return (date.getFullYear() === new Date().getFullYear() ? SHORT : DATED).format(date);
}

function toTheSecond(date) {
  return (date.getFullYear() === new Date().getFullYear() ? TO_THE_SECOND : EXACT).format(date);
}

/** An instant with seconds and zone, as a text. */
export function exact(at) {
  return EXACT.format(new Date(at));
}

/** Milliseconds as "850 ms", "2.4 s", "3 min 5 s", "1 h 20 min", "2 d 4 h"; null gives a dash. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(Number(ms))) return "–";
  if (ms < 1000) return `${NUMBER.format(Math.round(ms))} ms`;
  if (ms < 60000) return `${NUMBER.format(Math.round(ms / 100) / 10)} s`;
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts = [
    [Math.floor(hours / 24), "d"], [hours % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  const said = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return said.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** A number with separators; `digits` after the point at most. null gives a dash. */
export function number(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  if (digits === 2) return NUMBER.format(value);
  return new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: digits }).format(value);
}

/** "1 job", "2 jobs". */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** What `<input type="datetime-local">` takes, for an instant, in the viewer's zone. */
export function localInput(at) {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function moveOn() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = fromNow(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

setInterval(moveOn, 1000);
