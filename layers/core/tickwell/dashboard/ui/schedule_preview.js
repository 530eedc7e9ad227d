// The next times of a schedule, while one types.

import { api, isAbort } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { clockAt, fromNow, zone as viewersZone } from "../lib/time.js";
import { cronWords } from "../lib/words.js";
import { said } from "./page.js";

const PAUSE_MS = 250;
const COUNT = 5;
const ASKED = ["cron_expression", "interval_seconds", "timezone", "start_at", "end_at", "dst_missing", "dst_repeated"];

/** Shows what `update` is told. `onFault(details)`: what the API says of the fields; returns whether they show it. */
export class SchedulePreview {
  constructor({ onFault }) {
    this.onFault = onFault;
    this.list = h("ol", { class: "instants" });
    this.words = h("p", { class: "strong small" });
    this.told = h("p", { class: "quiet small" });
    this.element = h("aside", { class: "preview", "aria-label": "Next runs", "aria-live": "polite" },
      h("h3", "Next runs"), this.words, this.list, this.told);
  }

  /** `when`: what the form says of the schedule. `signal` ends it with the page. */
  update(when, signal) {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.words.textContent = (when.mode === "cron" && when.cron_expression && cronWords(when.cron_expression)) || "";
    if (when.mode === "now") return this.single("As soon as the job is created");
    if (when.mode === "at") return this.single(when.scheduled_time);
    if (when.mode === "after") return this.single(delayed(when.delay_seconds));
    const isSaid = when.cron_expression !== undefined || when.interval_seconds >= 1;
    if (!isSaid) return this.nothing("Say when, and the next runs stand here.");
    this.element.classList.add("stale");
    this.timer = setTimeout(() => this.ask(when, signal), PAUSE_MS);
  }

  single(at) {
    if (at === undefined) return this.nothing("Say when, and it stands here.");
    this.element.classList.remove("stale");
    const isTime = !Number.isNaN(Date.parse(at));
    fill(this.list, h("li", isTime ? times(at, viewersZone()) : at));
    const passed = Date.parse(at) < Date.now() && "That has passed: the job runs at once.";
    this.told.textContent = isTime ? passed || `Your time (${viewersZone()})` : "";
  }

  nothing(text) {
    this.element.classList.remove("stale");
    fill(this.list);
    this.told.textContent = text;
  }

  async ask(when, signal) {
    this.asked = new AbortController();
    const params = Object.fromEntries(ASKED.map((name) => [name, when[name]]));
    const asked = { ...params, exclude: when.exclude?.join(","), count: COUNT };
    try {
      this.show(await api.get("schedules/preview", asked, { signal: AbortSignal.any([signal, this.asked.signal]) }));
    } catch (error) {
      if (isAbort(error)) return;
      const isShown = error.status === 422 && this.onFault(error.details);
      this.nothing(isShown ? "No run to show." : said(error));
    }
  }

  show({ occurrences, timezone, ends }) {
    this.onFault([]);
    this.element.classList.remove("stale");
    fill(this.list, occurrences.map(({ due_at: at, zone }) => h("li", times(at, timezone, zone))));
    const mine = viewersZone();
    const zones = timezone === mine ? `${mine}, which is your zone.` : `${timezone}; below, your time (${mine}).`;
    this.told.textContent = `${zones}${ends ? " No other follows." : ""}`;
  }
}

function delayed(seconds) {
  return typeof seconds === "number" ? new Date(Date.now() + seconds * 1000).toISOString() : undefined;
}

/** An instant by the clocks of `zone`, when that is, and by the viewer's clocks where they show something else. */
function times(at, zone, abbreviation = "") {
  const [there, here] = [zone, viewersZone()].map((one) => clockAt(at, one));
  const time = h("time", { datetime: at, title: `${here} ${viewersZone()}` }, there, " ",
    h("span", { class: "quiet" }, abbreviation));
  const relative = h("time", { class: "quiet small", datetime: at, dataset: { relative: "1" } }, fromNow(at));
  return [h("div", { class: "row between" }, time, relative),
    there !== here && h("div", { class: "quiet small" }, here)];
}
