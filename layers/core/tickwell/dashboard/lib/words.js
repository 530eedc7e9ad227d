// Schedules and policies in plain English.

import { readCron } from "./cron.js";
import { number, plain, plural } from "./time.js";

const DAY_SECONDS = 86_400;
const MOST_TIMES = 6;
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const ORDINALS = ["last", "first", "second", "third", "fourth", "fifth"];
const UNITS = [["day", DAY_SECONDS], ["hour", 3600], ["minute", 60], ["second", 1]];

/** "a, b and c" */
export function listWords(items, last = "and") {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)}`;
}

/** A span of seconds in words: "1 hour 30 minutes"; the two largest units that are in it. */
export function spanWords(seconds) {
  if (seconds < 60) return plural(Math.round(seconds * 100) / 100, "second");
  const found = [];
  let left = Math.round(seconds);
  for (const [unit, size] of UNITS) {
    const units = Math.floor(left / size);
    left -= units * size;
    if (units) found.push(plural(units, unit));
  }
  return found.slice(0, 2).join(" ");
}

/** "every 15 minutes", exactly. */
export function everyWords(seconds) {
  const [unit, size] = UNITS.find(([, each]) => seconds % each === 0);
  return seconds === size ? `every ${unit}` : `every ${plural(seconds / size, unit)}`;
}

/**
 * A cron expression in a sentence, such as "Every weekday at 09:00"; null where it says what is not worth words.
 * @param {string} text
 */
export function cronWords(text) {
  const fields = readCron(text);
  if (fields === null) return null;
  const time = timeWords(fields);
  const day = dayWords(fields);
  const isProgression = time.startsWith("every");
  if (day === "every day" && (isProgression || time.endsWith("of every hour"))) return capital(time);
  return capital(`${day}${isProgression ? ", " : " "}${time}`);
}

/**
 * When a job runs, in words; instants in the viewer's zone.
 * @param {object} job as the API shows it
 * @param {{understood?: string}} [options] a zone that need not be named
 */
export function scheduleWords(job, { understood } = {}) {
  if (job.cron_expression) {
    const zone = job.timezone === "UTC" ? "UTC" : `${job.timezone.replaceAll("_", " ")} time`;
    const words = cronWords(job.cron_expression) ?? `By cron ${job.cron_expression}`;
    return job.timezone === understood ? words : `${words}, ${zone}`;
  }
  if (job.interval_seconds) return capital(everyWords(job.interval_seconds));
  if (job.scheduled_time) return `Once, on ${plain(job.scheduled_time)}`;
  return "Once, right away";
}

/** What a schedule says besides when: bounds, days that are left out, jitter; a list of sentences. */
export function refinementWords(job) {
  const days = (one) => one.replace("/", " to ");
  return [
    job.start_at && `Nothing is due before ${plain(job.start_at)}.`,
    job.end_at && `Nothing is due after ${plain(job.end_at)}.`,
    job.exclude?.length && `Not on ${listWords(job.exclude.map(days), "or")}.`,
    job.jitter_seconds && `Each one starts up to ${spanWords(job.jitter_seconds)} later, by chance.`,
  ].filter(Boolean);
}

/** How often and how far apart a job is tried again. */
export function retryWords(job) {
  const retries = job.max_retries;
  if (!retries) return "No retry";
  const { strategy, delay_seconds: delay, factor, delays_seconds: delays, max_delay_seconds: most } = job.retry;
  const times = `Up to ${plural(retries, "retry", "retries")}`;
  if (strategy === "schedule") return `${times}, after ${listWords(delays.slice(0, retries).map(spanWords))}`;
  if (strategy === "fixed") return `${times}, ${spanWords(delay)} apart`;
  const growth = `then ${number(factor)} times as long each, at most ${spanWords(most)}`;
  return `${times}, the first after ${spanWords(delay)}, ${growth}`;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const rest = seconds % 60;
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return rest ? `${text}:${two(rest)}` : text;
}

function whole(length) {
  return Array.from({ length }, (_, number) => number);
}

/** The times of a day: one by one where they are few, as a progression where they are one, else field by field. */
function timeWords({ hour, minute, second }) {
  const hours = hour ?? whole(24);
  const minutes = minute ?? whole(60);
  const seconds = second ?? whole(60);
  const times = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => h * 3600 + m * 60 + s)));
  const step = times.length > 1 ? times[1] - times[0] : 0;
  const even = times.length > 2 && times.every((time, place) => place === 0 || time - times[place - 1] === step);
  if (even) return progressionWords(times[0], times.at(-1), step);
  if (times.length <= MOST_TIMES) return `at ${listWords(times.map(clock))}`;
  return fieldWords({ hour, minute, second });
}

function progressionWords(first, last, step) {
  const every = everyWords(step);
  if (first + DAY_SECONDS - last !== step) return `${every} from ${clock(first)} to ${clock(last)}`;
  if (first === 0) return every;
  if (step === 3600 && first % 60 === 0) return `every hour, at ${plural(first / 60, "minute")} past`;
  return `${every}, from ${clock(first)} on`;
}

function fieldWords({ hour, minute, second }) {
  const parts = [];
  const isWhole = second?.length === 1 && second[0] === 0;
  if (!isWhole) parts.push(second === null ? "every second" : `at ${named("second", second)}`);
  if (minute !== null) parts.push(`${parts.length ? "of" : "at"} ${named("minute", minute)}`);
  else if (parts.length === 0) parts.push("every minute");
  parts.push(hour === null ? "of every hour" : `of ${named("hour", hour)}`);
  return parts.join(" ");
}

function named(unit, numbers) {
  return `${unit}${numbers.length === 1 ? "" : "s"} ${spans(numbers)}`;
}

/** "1 to 4 and 7": three and more in a row are told by the first and the last. */
function spans(numbers, name = String) {
  const runs = [];
  for (const number of numbers) {
    if (runs.length && runs.at(-1).at(-1) === number - 1) runs.at(-1).push(number);
    else runs.push([number]);
  }
  return listWords(runs.flatMap((run) =>
    run.length > 2 ? [`${name(run[0])} to ${name(run.at(-1))}`] : run.map((number) => name(number))));
}

function ordinal(number) {
  const ending = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${number}${ending[new Intl.PluralRules("en", { type: "ordinal" }).select(number)]}`;
}

function dayWords(fields) {
  const monthly = monthDayWords(fields);
  const weekly = weekdayWords(fields);
  const months = fields.month === null ? null : spans(fields.month, (number) => MONTHS[number - 1]);
  const isRange = months !== null && / to /.test(months);
  const within = months === null ? "" : ` ${isRange ? "from" : "in"} ${months}`;
  if (monthly === null && weekly === null) return `every day${within}`;
  if (monthly === null) return `${weekly.start}${weekly.isOfMonth ? ` of ${months ?? "every month"}` : within}`;
  const day = `${monthly} of ${months ?? "every month"}`;
  if (weekly === null) return day;
  return fields.either ? `${day} and also ${weekly.start}` : `${day} if it is ${weekly.name}`;
}

/** The days of a month: "on the 1st and 15th"; null: any. */
function monthDayWords({ days, lastDay, nearest }) {
  if (days === null) return null;
  if (nearest.length) return `on the working day nearest to the ${ordinal(nearest[0])}`;
  const step = days.length > 3 ? days[1] - days[0] : 1;
  if (step > 1 && !lastDay && days.every((day, place) => place === 0 || day - days[place - 1] === step)) {
    const until = days.at(-1) + step > 31 ? "" : ` to the ${ordinal(days.at(-1))}`;
    return `on every ${ordinal(step)} day from the ${ordinal(days[0])}${until}`;
  }
  const named = days.length ? [spans(days, ordinal)] : [];
  return `on the ${listWords([...named, ...(lastDay ? ["last day"] : [])])}`;
}

/** The weekdays as a beginning of a sentence (`start`) and as a name; null: any. */
function weekdayWords({ weekdays, nth }) {
  if (weekdays === null) return null;
  if (nth.length) {
    const name = listWords(nth.map(([day, which]) => `${ORDINALS[which]} ${WEEKDAYS[day]}`));
    return { start: `on the ${name}`, name: `the ${name}`, isOfMonth: true };
  }
  const key = weekdays.join("");
  if (key === "12345") return { start: "every weekday", name: "a weekday" };
  if (key === "06") return { start: "every Saturday and Sunday", name: "a Saturday or Sunday" };
  const order = [...weekdays].sort((a, b) => (a || 7) - (b || 7));
  const names = spans(order.map((day) => day || 7), (day) => WEEKDAYS[day % 7]);
  const isRange = weekdays.length > 2 && / to /.test(names);
  return { start: isRange ? names : `every ${names}`, name: `a ${listWords(order.map((day) => WEEKDAYS[day]), "or")}` };
}
