// Local times of any zone, by what the browser knows of zones.

const TWO = "2-digit";
const FIELDS = { year: "numeric", month: TWO, day: TWO, hour: TWO, minute: TWO, second: TWO };
const DAY = 86400000;

/** All zones that the browser knows. */
export function zones() {
  return Intl.supportedValuesOf ? ["UTC", ...Intl.supportedValuesOf("timeZone")] : ["UTC"];
}

/** Whether the browser knows this zone. */
export function isZone(name) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** What clocks in `zone` show at an instant: "2026-11-27T09:00:00", as `<input type="datetime-local">` takes it. */
export function localTime(at, zone) {
  const format = new Intl.DateTimeFormat("en-US", { ...FIELDS, hourCycle: "h23", timeZone: zone });
  const part = Object.fromEntries(format.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`;
}

/**
 * The instant at which clocks in `zone` show `local`: {at: Date, note}. Where they skip it, the one by the offset from
 * before the gap; where they show it twice, the first. `note` says so.
 */
export function instantOf(local, zone) {
  const wall = Date.parse(`${local}Z`);
  if (Number.isNaN(wall) || !isZone(zone)) return null;
  const offsets = [...new Set([wall - DAY, wall + DAY].map((at) => offset(at, zone)))];
  const found = offsets.map((each) => wall - each).filter((at) => offset(at, zone) === wall - at).sort((a, b) => a - b);
  const twice = found[1] ? "Clocks show this time twice there; the first is meant." : "";
  if (found.length) return { at: new Date(found[0]), note: twice };
  const at = new Date(wall - offsets[0]);
  return { at, note: `Clocks skip this time there; ${localTime(at, zone).slice(11, 16)} is meant.` };
}

/** How far clocks in `zone` are ahead of UTC, in milliseconds. */
function offset(at, zone) {
  return Date.parse(`${localTime(at, zone)}Z`) - Math.floor(at / 1000) * 1000;
}
