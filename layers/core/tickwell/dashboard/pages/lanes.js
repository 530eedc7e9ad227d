// The lanes: the physical queues that all organizations of a deployment share.

import { fill, h } from "../lib/dom.js";
import { duration, number, plural } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { card } from "../ui/page.js";
import { table } from "../ui/table.js";

/** The tone of a level of health. */
export const LEVEL_TONES = { normal: "ok", warning: "warn", critical: "bad" };

const COLUMNS = [
  { key: "name", label: "Lane", main: true },
  { key: "waiting", label: "Waiting", align: "end", render: (lane) => number(lane.waiting) },
  { key: "delayed", label: "Delayed", align: "end", render: (lane) => number(lane.delayed) },
  { key: "active", label: "With workers", align: "end", render: (lane) => number(lane.active) },
  { key: "oldest", label: "Oldest waits for", align: "end", render: (lane) => oldest(lane) },
];

/** What an owner may know of them: `update` takes the data of /admin/queues/health, null where it cannot be read. */
export function lanesCard() {
  const made = table({ caption: "Lanes", rows: [], columns: COLUMNS, key: (lane) => lane.name });
  const work = h("p", { class: "row after" });
  made.classList.add("after");
  const whole = card("Lanes",
    h("p", { class: "quiet" }, "What the queues’ jobs travel in, shared with other organizations of this deployment."),
    work, made);
  whole.update = (health) => {
    whole.hidden = health === null;
    if (health === null) return;
    fill(work, badge(health.work.level, { tone: LEVEL_TONES[health.work.level] }), worked(health.work));
    made.update({ rows: Object.entries(health.lanes).map(([name, depth]) => ({ name, ...depth })) });
  };
  return whole;
}

function worked({ executions, error_rate: share, avg_duration_seconds: seconds }) {
  if (!executions) return "None of your jobs ran in the last 24 hours.";
  const took = seconds === null ? "" : `, which took ${duration(seconds * 1000)} on average`;
  return `Of your ${plural(executions, "attempt")} of the last 24 hours${took}, ${number(share, 1)} % failed.`;
}

function oldest(lane) {
  return lane.oldest_age_seconds === null ? "–" : duration(lane.oldest_age_seconds * 1000);
}
