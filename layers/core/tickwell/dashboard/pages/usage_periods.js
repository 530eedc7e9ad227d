// Periods of days in UTC, as the usage report takes them, and dollars.

const DAY_MS = 86400000;
const MONTH = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const MONTHS_BACK = 12;

const iso = (at) => at.toISOString().slice(0, 10);
const month = (now, back) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));

/** The periods to choose from: some last days, and a year of months. */
export function periods(now) {
  const months = Array.from({ length: MONTHS_BACK }, (_, index) => month(now, index + 1));
  return [
    { value: "this-month", label: "This month" }, { value: "7-days", label: "The last 7 days" },
    { value: "30-days", label: "The last 30 days" },
    { value: "90-days", label: "The last 90 days" }, ...months.map((at) => ({ value: iso(at).slice(0, 7),
      label: MONTH.format(at) })),
  ];
}

/** {since, until} of a period of that list; of anything else, this month. */
export function periodOf(period, now) {
  const tomorrow = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) + DAY_MS);
  const last = /^(7|30|90)-days$/.exec(period ?? "");
  if (last) return { since: iso(new Date(tomorrow - last[1] * DAY_MS)), until: iso(tomorrow) };
  const named = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(period ?? "");
  if (!named) return { since: iso(month(now, 0)), until: iso(tomorrow) };
  return { since: `${period}-01`, until: iso(new Date(Date.UTC(Number(named[1]), Number(named[2]), 1))) };
}

/** Every day from `since` to before `until`. */
export function days(since, until) {
  const all = [];
  for (let at = Date.parse(since); at < Date.parse(until); at += DAY_MS) all.push(iso(new Date(at)));
  return all;
}

/** A price, with as many digits as a small one needs. */
export function dollars(value) {
  const digits = value > 0 && value < 0.01 ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2,
    maximumFractionDigits: 3 };
  return `$${value.toLocaleString("en", value >= 1 ? { ...digits, maximumFractionDigits: 2 } : digits)}`;
}
