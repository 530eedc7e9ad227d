// Reads cron expressions for people: what each field holds, as the API understands it (domain/cron_fields.py).

const ALIASES = {
  "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
};
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS = {
  minute: { low: 0, high: 59, names: [] },
  hour: { low: 0, high: 23, names: [] },
  day: { low: 1, high: 31, names: [] },
  month: { low: 1, high: 12, names: MONTHS },
  weekday: { low: 0, high: 6, names: WEEKDAYS },
  second: { low: 0, high: 59, names: [] },
};

/** What an expression cannot say, or what is too odd to be told in words. */
class Unreadable extends Error {}

/**
 * The fields of an expression of 5 fields, 6 with seconds last, or an alias; null where it cannot be read.
 * Each of `minute`, `hour`, `month`, `second` is a sorted list of numbers; null: any. `days`, `weekdays` likewise;
 * `lastDay`, `nearest` (working day nearest to these) and `nth` ([weekday, which; 0: the last]) come besides.
 * `either`: day of month or weekday is enough, as cron has it where both are restricted.
 * @param {string} text
 */
export function readCron(text) {
  const parts = (ALIASES[text.trim().toLowerCase()] ?? text.toLowerCase()).trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) return null;
  try {
    const [minute, hour, day, month, weekday, second = "0"] = parts;
    return {
      minute: numbers("minute", minute), hour: numbers("hour", hour), month: numbers("month", month),
      second: numbers("second", second), ...dayOfMonth(day), ...dayOfWeek(weekday),
      either: !/^[*?]/.test(day) && !/^[*?]/.test(weekday),
    };
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

function dayOfMonth(text) {
  const near = /^(?:(\d+)w|w(\d+))$/.exec(text);
  if (near) return { days: [], lastDay: false, nearest: [inside("day", Number(near[1] ?? near[2]))] };
  const items = text.split(",");
  const others = items.filter((item) => item !== "l");
  const days = others.length ? numbers("day", others.join(",")) : [];
  return { days, lastDay: days !== null && others.length < items.length, nearest: [] };
}

function dayOfWeek(text) {
  const nth = [];
  const plain = [];
  for (const item of text.split(",")) {
    const found = /^(?:([a-z]{3}|\d)#([1-5])|l(\d))$/.exec(item);
    const pair = found && [one("weekday", found[1] ?? found[3]), Number(found[2] ?? 0)];
    if (!found) plain.push(item);
    else if (!nth.some((other) => String(other) === String(pair))) nth.push(pair);
  }
  if (nth.length && plain.length) throw new Unreadable();
  return { weekdays: nth.length ? [] : numbers("weekday", text), nth };
}

/** A sorted list of what a field names, or null where it names all. */
function numbers(field, text) {
  const { low, high } = FIELDS[field];
  if (text === "?" && (field === "day" || field === "weekday")) return null;
  const found = new Set(text.split(",").flatMap((item) => values(field, item)));
  return found.size === high - low + 1 ? null : [...found].sort((a, b) => a - b);
}

function values(field, item) {
  const { low, high } = FIELDS[field];
  if (item === "*") return range(low, high, 1);
  const found = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item);
  if (!found || found[3] === "0") throw new Unreadable();
  const [, from, to, stepText] = found;
  const step = Number(stepText ?? 1);
  if (from === "*") {
    if (to) throw new Unreadable();
    return range(low, high, step);
  }
  const start = one(field, from);
  if (to === undefined) return stepText === undefined ? [start] : range(start, high, step);
  const end = one(field, to);
  if (start < end) return range(start, end, step);
  if (step > 1) throw new Unreadable();
  return start === end ? range(low, high, 1) : [...range(start, high, 1), ...range(low, end, 1)];
}

function one(field, text) {
  const named = FIELDS[field].names.indexOf(text);
  if (named >= 0) return named + FIELDS[field].low;
  if (!/^\d+$/.test(text)) throw new Unreadable();
  const number = Number(text);
  return inside(field, field === "weekday" && number === 7 ? 0 : number);
}

function inside(field, number) {
  const { low, high } = FIELDS[field];
  if (number < low || number > high) throw new Unreadable();
  return number;
}

function range(start, end, step) {
  const found = [];
  for (let number = start; number <= end; number += step) found.push(number);
  return found;
}
