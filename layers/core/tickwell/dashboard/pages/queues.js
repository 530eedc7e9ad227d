// Queues: how full they are and what holds for them; owners change them.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { instant, number } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { meter } from "../ui/meter.js";
import { button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { load, page, said } from "../ui/page.js";
import { inOrder, keepFocus, keepReading } from "../ui/refresh.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { LEVEL_TONES, lanesCard } from "./lanes.js";
import { queueDetail } from "./queue_detail.js";
import { queueForm } from "./queue_form.js";
import { rateText } from "./queue_settings.js";

export const title = "Queues";

const EVERY_MS = 30000;
const SOON_MS = 6000;
const MOST_COUNTED = 10000;
const RATE_OVER_MS = 120000;
const SHORTEST_MS = 4000;
const LEAD = "Each job is in a queue, whose limits hold for all workers together. While it is paused, its jobs wait.";

class Queues {
  constructor(root, signal) {
    this.signal = signal;
    this.isOwner = session.can("owner");
    const create = button("New queue", { icon: "plus", kind: "primary", onClick: () => this.form(null) });
    this.body = page(root, { title, lead: LEAD, actions: this.isOwner ? create : null });
    this.turning = new Map();
    this.readings = [];
    this.order = inOrder();
  }

  async open(query) {
    await load(this.body, "table", async () => {
      await this.read();
      return this.content();
    });
    if (this.signal.aborted) return;
    const hurry = keepReading(() => this.again(), { every: EVERY_MS, soon: SOON_MS, signal: this.signal });
    follow("stats", { onEvent: hurry, onState: () => {} }, this.signal);
    if (query.queue && this.state) this.detail(query.queue);
  }

  /** Read together: the queues, their unfinished jobs, and the lanes (for owners). */
  async read() {
    const { signal } = this;
    const isNewest = this.order();
    const lanes = this.isOwner ? api.get("/admin/queues/health", {}, { signal }).catch(() => null) : null;
    const [{ queues }, stats, health] = await Promise.all([
      api.get("queues", {}, { signal }), api.get("stats", {}, { signal }), lanes,
    ]);
    if (!isNewest()) return;
    this.state = { queues, counts: stats.queues, health };
    const now = Date.now();
    this.readings = [...this.readings.filter(({ at }) => at > now - RATE_OVER_MS), { at: now, counts: stats.queues }];
  }

  /** Read again; what cannot be read now is read the next time, and what stands there stays. */
  async again() {
    try {
      await this.read();
    } catch {
      return;
    }
    if (!this.signal.aborted) this.draw();
  }

  /** Executions a minute, between the readings of the last two minutes; null as long as there are no two of them. */
  perMinute(name) {
    const [first, last] = [this.readings[0], this.readings.at(-1)];
    if (last.at - first.at < SHORTEST_MS) return null;
    const ended = (reading) => reading.counts[name]?.executions ?? 0;
    return Math.max(0, Math.round((ended(last) - ended(first)) * 600000 / (last.at - first.at)) / 10);
  }

  rows() {
    return this.state.queues.map((queue) => ({
      ...queue, counts: this.state.counts[queue.name] ?? null, paused: this.turning.get(queue.name) ?? queue.paused,
      perMinute: this.perMinute(queue.name),
    }));
  }

  content() {
    this.table = table({ caption: "Queues", columns: this.columns(), rows: this.lasting(), key: (row) => row.name });
    this.lanes = lanesCard();
    this.paint();
    return [this.isOwner ? null : h("p", { class: "quiet" },
      "Queues are created, paused and changed by an owner of the organization."),
      this.table, this.lanes];
  }

  draw() {
    if (!this.table) return;
    keepFocus(this.table, () => this.table.update({ rows: this.lasting() }));
    this.paint();
  }

  /** What of the rows seldom changes: where it is the same, their buttons stay where they are. */
  lasting() {
    return this.rows().map(({ name, is_default: isDefault, lane, paused }) => ({ name, isDefault, lane, paused }));
  }

  /** The numbers change where they stand. */
  paint() {
    const rows = new Map(this.rows().map((row) => [row.name, row]));
    for (const cell of this.table.querySelectorAll("[data-live]")) {
      fill(cell, LIVE[cell.dataset.live](rows.get(cell.dataset.queue)));
    }
    this.lanes.update(this.state.health);
  }

  columns() {
    const actions = { key: "actions", label: "", align: "end", render: (row) => this.actions(row) };
    return [
      { key: "name", label: "Queue", main: true, render: (row) => this.name(row) },
      { key: "level", label: "Level", render: live("level") },
      { key: "waiting", label: "Waiting", align: "end", render: live("waiting") },
      { key: "running", label: "Running", align: "end", render: live("running") },
      { key: "pending", label: "Pending jobs", align: "end", render: pending },
      { key: "rate", label: "Rate", render: live("rate") },
      this.isOwner ? actions : null,
    ].filter(Boolean);
  }

  name(row) {
    const open = h("button", {
      type: "button", class: "link strong", dataset: { focus: `name ${row.name}` },
      on: { click: () => this.detail(row.name) },
    }, row.name);
    return h("div", open, h("div", { class: "small quiet" },
      `lane ${row.lane}`));
  }

  actions(row) {
    const verb = row.paused ? "Resume" : "Pause";
    const turn = button(verb, {
      icon: row.paused ? "play" : "pause", small: true, onClick: () => this.turn(row.name, !row.paused),
      attributes: { dataset: { focus: `turn ${row.name}` }, "aria-label": `${verb} ${row.name}` },
    });
    const bare = (label, name, act) => button(`${label} ${row.name}`, {
      icon: name, small: true, bare: true, kind: "ghost", onClick: act,
      attributes: { dataset: { focus: `${label} ${row.name}` } },
    });
    return h("div", { class: "row end tools" }, turn, bare("Change", "edit", () => this.form(this.queue(row.name))),
      row.isDefault ? null : bare("Delete", "trash", () => this.remove(row.name)));
  }

  /** Shown at once, taken back where the API refuses. */
  async turn(name, pause) {
    if (this.turning.has(name)) return;
    this.turning.set(name, pause);
    this.draw();
    try {
      const changed = await api.post(`queues/${encodeURIComponent(name)}/${pause ? "pause" : "resume"}`);
      Object.assign(this.queue(name) ?? {}, changed);
      toast(pause ? `${name} is paused. What runs goes on.` : `${name} goes on.`);
    } catch (error) {
      toast(said(error), { kind: "error" });
    }
    this.turning.delete(name);
    this.draw();
    this.again();
  }

  form(queue) {
    queueForm(queue, () => this.again());
  }

  queue(name) {
    return this.state.queues.find((queue) => queue.name === name);
  }

  detail(name) {
    const queue = this.queue(name);
    queueDetail(name, { change: this.isOwner && queue ? () => this.form(queue) : null, signal: this.signal });
  }

  async remove(name) {
    const isDone = await confirm({
      title: `Delete the queue ${name}?`, action: "Delete", danger: true,
      text: "Its limits go with it. A queue with unfinished jobs in it is not deleted.",
      act: () => api.delete(`queues/${encodeURIComponent(name)}`),
    });
    if (!isDone) return;
    toast(`${name} is deleted`);
    this.state.queues = this.state.queues.filter((queue) => queue.name !== name);
    this.draw();
  }
}

/** A cell whose content `paint` puts in. */
function live(key) {
  return (row) => h("div", { dataset: { live: key, queue: row.name } });
}

function level(row) {
  const word = badge(row.health, { tone: LEVEL_TONES[row.health] });
  if (!row.paused) return word;
  return h("div", { class: "row" }, badge("paused"), row.health === "normal" ? null : word);
}

function waiting(row) {
  const many = row.waiting >= MOST_COUNTED ? `${number(MOST_COUNTED)} or more` : number(row.waiting);
  const isShared = row.is_default && row.concurrency === null && row.rate_limit === null && !row.paused;
  return isShared ? h("span", { title: "In its lane, with those of other organizations" }, many) : many;
}

function running(row) {
  const many = row.running ?? row.counts?.running ?? 0;
  if (row.concurrency === null) return number(many);
  const told = `${number(many)} of ${number(row.concurrency)}`;
  return h("div", { class: "used" }, told, meter(many, row.concurrency, `${told} places are taken`));
}

function pending(row) {
  return h("a", {
    href: href("/jobs", { queue: row.name, state: "pending" }),
    dataset: { focus: `jobs ${row.name}`, live: "pending", queue: row.name },
  });
}

/** What is measured while one looks on, and what is allowed. */
function rate(row) {
  const limit = rateText(row.rate_limit);
  const next = row.next_start_at && [", next start ", instant(row.next_start_at, { relative: true })];
  return h("div", row.perMinute === null ? null : `${number(row.perMinute)} a minute`,
    h("div", { class: "small quiet" }, limit === null ? "no limit" : `limit ${limit}`, next));
}

const LIVE = { level, waiting, running, rate, pending: (row) => number(row.counts?.pending ?? 0) };

export default async function queues({ root, query, signal }) {
  await new Queues(root, signal).open(query);
}
