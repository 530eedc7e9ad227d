// Spans of time as people write them: "90s", "5m", "12h", "1d 12h". A bare number is seconds.

const SECONDS = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };
const PART = /\s*(\d+(?:\.\d+)?)\s*([wdhms]?)\s*/y;

/**
 * The seconds that a text says; null for an empty one, NaN for one that is no span.
 * @param {string} text
 * @returns {number | null}
 */
export function spanSeconds(text) {
  const given = String(text ?? "").trim().toLowerCase();
  if (!given) return null;
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < given.length) {
    const part = PART.exec(given);
    if (!part) return NaN;
    seconds += Number(part[1]) * SECONDS[part[2] || "s"];
  }
  return Math.round(seconds * 1000) / 1000;
}

/**
 * Seconds as `spanSeconds` reads them; "" for null.
 * @param {number | null} seconds
 * @returns {string}
 */
export function spanText(seconds) {
  if (seconds === null || seconds === undefined) return "";
  let rest = seconds;
  const parts = [];
  for (const unit of ["d", "h", "m"]) {
    const many = Math.floor(rest / SECONDS[unit]);
    if (many) parts.push(`${many}${unit}`);
    rest -= many * SECONDS[unit];
  }
  if (rest || !parts.length) parts.push(`${rest}s`);
  return parts.join(" ");
}
