// A queue's settings: from the API to the fields of a form, and back.
import { ApiError } from "../lib/api.js";
import { spanSeconds, spanText } from "../lib/spans.js";

const SPAN = "must be a span of time, such as 90s, 5m, 12h or 7d";
const WHOLE = "must be a whole number";

/** What a new queue begins with. */
export const NEW_QUEUE = {
  name: "", is_default: false, priority: "medium", concurrency: null, rate_limit: null, timeout_seconds: null,
  max_retries: null,
  retry: null, stall_seconds: null, on_lost: null,
  retention: {
    completed: { seconds: null, count: null, at_least_seconds: 0 },
    failed: { seconds: null, count: null, at_least_seconds: 0 },
  },
};

/** What the fields of a form show of `queue`, by name. */
export function shown(queue) {
  const { rate_limit: rate, retry, retention } = queue;
  return {
    name: queue.name,
    priority: String(queue.priority),
    concurrency: queue.concurrency ?? "",
    "rate_limit.limit": rate?.limit ?? "",
    "rate_limit.per_seconds": spanText(rate?.per_seconds ?? null),
    timeout_seconds: spanText(queue.timeout_seconds),
    stall_seconds: spanText(queue.stall_seconds),
    max_retries: queue.max_retries ?? "",
    on_lost: queue.on_lost ?? "",
    "retry.strategy": retry?.strategy ?? "",
    "retry.delay_seconds": spanText(retry?.delay_seconds ?? null),
    "retry.factor": retry?.factor ?? "",
    "retry.max_delay_seconds": spanText(retry?.max_delay_seconds ?? null),
    "retry.jitter": retry ? retry.jitter : "",
    "retry.delays_seconds": (retry?.delays_seconds ?? []).map(spanText).join(", "),
    ...shownKept("completed", retention.completed),
    ...shownKept("failed", retention.failed),
  };
}

function shownKept(kind, kept) {
  return {
    [`retention.${kind}.seconds`]: spanText(kept.seconds),
    [`retention.${kind}.count`]: kept.count ?? "",
    [`retention.${kind}.at_least_seconds`]: kept.at_least_seconds ? spanText(kept.at_least_seconds) : "",
  };
}

/** Reads fields, and remembers what cannot be read. */
class Reader {
  constructor(values) {
    this.values = values;
    this.faults = [];
  }

  text(name) {
    return String(this.values[name] ?? "").trim();
  }

  fault(field, message) {
    this.faults.push({ field, message });
    return null;
  }

  span(name) {
    const seconds = spanSeconds(this.text(name));
    return Number.isNaN(seconds) ? this.fault(name, SPAN) : seconds;
  }

  number(name, { whole = true } = {}) {
    const text = this.text(name);
    if (!text) return null;
    const value = Number(text);
    if (Number.isFinite(value) && (!whole || Number.isInteger(value))) return value;
    return this.fault(name, whole ? WHOLE : "must be a number");
  }

  spans(name) {
    const seconds = this.text(name).split(",").filter((part) => part.trim()).map(spanSeconds);
    return seconds.some(Number.isNaN) ? this.fault(name, `${SPAN}; several with commas`) : seconds;
  }
}

function rateLimit(reader) {
  const limit = reader.number("rate_limit.limit");
  const period = reader.span("rate_limit.per_seconds");
  if (limit !== null) return { limit, per_seconds: period ?? 1 };
  return period === null ? null : reader.fault("rate_limit.limit", "is needed beside a period");
}

const OF_STRATEGY = { fixed: ["delay_seconds"], exponential: ["delay_seconds", "factor"],
  schedule: ["delays_seconds"] };

/** The parts of a retry policy that `strategy` uses. */
export function partsOf(strategy) {
  return strategy ? [...OF_STRATEGY[strategy], "max_delay_seconds", "jitter"] : [];
}

function retryPolicy(reader) {
  const strategy = reader.text("retry.strategy");
  if (!strategy) return null;
  const read = {
    delay_seconds: () => reader.span("retry.delay_seconds"),
    factor: () => reader.number("retry.factor", { whole: false }),
    delays_seconds: () => reader.spans("retry.delays_seconds"),
    max_delay_seconds: () => reader.span("retry.max_delay_seconds"),
    jitter: () => reader.number("retry.jitter", { whole: false }),
  };
  const given = partsOf(strategy).map((part) => [part, read[part]()]);
  return { strategy, ...Object.fromEntries(given.filter(([, value]) => value !== null && value.length !== 0)) };
}

function kept(reader, kind) {
  return {
    seconds: reader.span(`retention.${kind}.seconds`),
    count: reader.number(`retention.${kind}.count`),
    at_least_seconds: reader.span(`retention.${kind}.at_least_seconds`) ?? 0,
  };
}

/**
 * What the API takes for the values of the form. Throws ApiError, which names the fields, where one cannot be read.
 * @param {Record<string, *>} values
 */
export function settings(values) {
  const reader = new Reader(values);
  const priority = reader.text("priority");
  const read = {
    priority: /^\d+$/.test(priority) ? Number(priority) : priority,
    concurrency: reader.number("concurrency"),
    rate_limit: rateLimit(reader),
    timeout_seconds: reader.span("timeout_seconds"),
    stall_seconds: reader.span("stall_seconds"),
    max_retries: reader.number("max_retries"),
    on_lost: reader.text("on_lost") || null,
    retry: retryPolicy(reader),
    retention: { completed: kept(reader, "completed"), failed: kept(reader, "failed") },
  };
  if (reader.faults.length) {
    throw new ApiError({ status: 422, code: "VALIDATION_ERROR", message: "Some fields cannot be read.",
      details: reader.faults });
  }
  return read;
}

/** The settings of `after` that are not those of `before`: only they are sent, so that others' changes stay. */
export function changes(before, after) {
  return Object.fromEntries(Object.entries(after).filter(([name,
    value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

const RATE_UNITS = [[1, "second"], [60, "minute"], [3600, "hour"], [86400, "day"]];

/** "100 a minute", "5 in 10s"; null where there is no limit. */
export function rateText(rate) {
  if (rate === null) return null;
  const unit = RATE_UNITS.find(([seconds]) => seconds === rate.per_seconds);
  return unit ? `${rate.limit} a ${unit[1]}` : `${rate.limit} in ${spanText(rate.per_seconds)}`;
}
