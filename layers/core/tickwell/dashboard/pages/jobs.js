// The jobs: searched, filtered, sorted, leafed through, and changed one by one or many at once.

import { api, isAbort } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { current, href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { instant, plural } from "../lib/time.js";
import { scheduleWords } from "../lib/words.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { menu } from "../ui/menu.js";
import { failure, page as head } from "../ui/page.js";
import { keepFocus, latest } from "../ui/refresh.js";
import { skeleton } from "../ui/skeleton.js";
import { named, pager, table } from "../ui/table.js";
import { ACTIONS, act, duplicateHref, editHref, mayChange, possible } from "./job_actions.js";
import { MANY, changeMany } from "./jobs_bulk.js";
import { filterBar, filtersIn, noFilters } from "./jobs_filters.js";

const ROWS = 25;
const REFRESH_MS = 2000;
const FIRST_ORDER = { created_at: "desc", updated_at: "desc", name: "asc", next_run: "asc" };

export const title = "Jobs";

/** The page. Everything that is chosen stands in the address. */
export default async function jobs({ root, signal }) {
  const body = head(root, {
    title: "Jobs", lead: "What Tickwell runs for you, once or again and again.",
    actions: mayChange() && button("New job", { icon: "plus", kind: "primary", href: href("/jobs/new") }),
  });
  const list = new List(body, signal);
  await list.load();
  list.followLive();
}

class List {
  constructor(body, signal) {
    Object.assign(this, { body, signal, rows: [], next: null, total: null, selected: new Set(), wholeFilter: false });
    this.back = stackOf(current().query);
    this.asking = latest(signal);
    this.filters = filterBar(() => current().query, (changes) => this.narrow(changes), signal);
    this.news = h("div", { class: "news", role: "status" });
    this.chosen = h("div", { class: "chosen", role: "region", "aria-label": "Selected jobs", hidden: true });
    this.content = h("div");
    this.pages = h("div");
    fill(body, this.filters, this.chosen, this.news, h("div", this.content, this.pages));
  }

  /** What the API is asked for. */
  params() {
    const { sort, order, cursor, ...query } = current().query;
    const by = sort in FIRST_ORDER ? sort : "created_at";
    const direction = order === "asc" || order === "desc" ? order : FIRST_ORDER[by];
    return { ...filtersIn(query), sort_by: by, sort_order: direction, limit: ROWS, cursor };
  }

  narrow(changes) {
    const { query } = current();
    if (Object.entries(changes).every(([name, value]) => (query[name] ?? null) === value)) return;
    this.go({ ...changes, cursor: null });
  }

  /** Another page, order or filter. */
  go(changes) {
    if (!("cursor" in changes) || changes.cursor === null) this.back = [];
    setQuery(changes);
    keepStack(this.back);
    this.choose(new Set());
    this.filters.update();
    return this.load();
  }

  async load() {
    const signal = this.asking();
    if (!this.table) fill(this.content, skeleton("table"));
    else this.content.classList.add("stale");
    try {
      this.take(await api.get("jobs", this.params(), { signal }));
      this.show();
    } catch (error) {
      if (isAbort(error)) return;
      this.table = null;
      fill(this.pages);
      fill(this.content, failure(error, () => this.load()));
    }
    this.content.classList.remove("stale");
  }

  take({ jobs: rows, pagination }) {
    Object.assign(this, { rows, next: pagination.next_cursor, total: pagination.total });
    fill(this.news);
  }

  show() {
    const { sort_by: key, sort_order: order } = this.params();
    if (this.table && this.rows.length) this.table.update({ rows: this.rows, sort: { key, order } });
    else fill(this.content, this.table = this.draw({ key, order }));
    const around = { next: this.next, previous: current().query.cursor ? true : null, label: this.label() };
    keepFocus(this.pages, () => fill(this.pages, pager({ ...around, onPage: (cursor) => this.leaf(cursor) })));
  }

  label() {
    const place = this.back.length * ROWS;
    const { cursor } = current().query;
    if (!this.rows.length) return this.next ? "None on this page; the next one goes on looking." : "";
    if (!cursor && !this.next) return plural(this.rows.length, "job");
    const isKnown = !cursor || this.back.length > 0;
    const range = isKnown ? `${place + 1}–${place + this.rows.length}` : plural(this.rows.length, "job");
    return this.total === null ? range : `${range} of ${plural(this.total, "job")}`;
  }

  leaf(cursor) {
    if (cursor === true) {
      this.go({ cursor: this.back.pop() ?? null });
    } else {
      this.back.push(current().query.cursor ?? null);
      this.go({ cursor });
    }
    this.body.scrollIntoView({ block: "start" });
  }

  draw(sort) {
    return table({
      caption: "Jobs", columns: columns(this), rows: this.rows, sort, onSort: (key, order) => this.sortBy(key, order),
      empty: this.nothing(),
      selection: mayChange() ? { selected: this.selected, onChange: () => this.choose(this.selected) } : undefined,
    });
  }

  sortBy(key, order) {
    const isFirst = this.params().sort_by !== key;
    this.go({ sort: key, order: isFirst ? FIRST_ORDER[key] : order, cursor: null });
  }

  nothing() {
    const filters = Object.keys(filtersIn(current().query));
    if (filters.length) {
      return empty({ icon: "search", title: this.next ? "Nothing found so far" : "No job matches",
        text: this.next ? "The next page goes on looking." : "Take out a filter to see more.",
        action: { label: "Clear all filters", onClick: () => this.narrow(noFilters()) } });
    }
    return empty({ icon: "jobs", title: "No jobs yet",
      text: mayChange() ? "A job runs a task at once, at an instant, or again and again."
        : "Jobs that members create appear here. Creating them takes the role member.",
      action: mayChange() ? { label: "Create the first job", href: href("/jobs/new") } : undefined });
  }

  choose(selected) {
    for (const id of [...this.selected]) if (!selected.has(id)) this.selected.delete(id);
    if (this.selected.size < this.rows.length) this.wholeFilter = false;
    drawChosen(this);
    if (this.table && selected.size === 0) this.table.update();
  }

  /** Shows one job with other fields. */
  patch(id, changes) {
    this.rows = this.rows.map((job) => (job.id === id ? { ...job, ...changes } : job));
    this.table?.update({ rows: this.rows.filter((job) => job.status !== "deleted") });
  }

  /** Keeps what is shown up to date. Rows stay where they are: what came and went is told, and shown when asked for. */
  followLive() {
    let [timer, isWanted] = [0, false];
    const turn = async () => {
      isWanted = false;
      await this.refresh();
      timer = 0;
      if (isWanted) later(); // told while it was read
    };
    const later = () => {
      isWanted = true;
      if (!this.signal.aborted) timer ||= setTimeout(turn, REFRESH_MS);
    };
    this.signal.addEventListener("abort", () => clearTimeout(timer));
    follow("stats", { onEvent: later }, this.signal);
  }

  async refresh() {
    if (document.hidden || !this.table || this.content.classList.contains("stale")) return;
    let found;
    try {
      found = await api.get("jobs", this.params(), { signal: this.asking() });
    } catch {
      return; // what is shown stays; the next event tries again, or a newer request is under way
    }
    const fresh = new Map(found.jobs.map((job) => [job.id, job]));
    const shown = new Set(this.rows.map(({ id }) => id));
    const came = found.jobs.filter(({ id }) => !shown.has(id)).length;
    if (!this.rows.length && came) {
      this.take(found);
      this.show();
      return;
    }
    this.rows = this.rows.filter(({ id, status }) => status !== "deleted" || fresh.has(id))
      .map((job) => fresh.get(job.id) ?? job);
    this.table.update({ rows: this.rows });
    const gone = this.rows.filter(({ id }) => !fresh.has(id)).length;
    this.tell(came, gone);
  }

  tell(came, gone) {
    const text = came ? `${plural(came, "job")} came or moved here.` : gone ? "The list has changed." : "";
    if (this.news.dataset.text === text && this.news.children.length) return;
    this.news.dataset.text = text;
    fill(this.news, text && button(`${text} Show`, { small: true, icon: "refresh", onClick: () => this.load() }));
  }
}

function columns(list) {
  const ago = (key, word) => (job) => [job.state === "waiting" && word, instant(job[key], { relative: true })];
  const whole = (text) => h("span", { title: text }, text);
  const [roomy, lesser] = ["nowrap roomy", "nowrap mid-off"];
  const made = [
    { key: "name", label: "Name", sort: true, main: true, render: nameCell },
    { key: "state", label: "State", render: (job) => badge(job.state, { title: job.paused_reason ?? undefined }) },
    { key: "schedule", label: "Schedule", class: "schedule", render: scheduleCell },
    { key: "next_run", label: "Next run", sort: true, class: "nowrap", render: ago("next_run", "due ") },
    { key: "queue", label: "Queue", narrow: false, class: "clip roomy", render: ({ queue: at }) => whole(at) },
    { key: "updated_at", label: "Updated", sort: true, narrow: false, class: roomy, render: ago("updated_at") },
    { key: "created_at", label: "Created", sort: true, narrow: false, class: lesser, render: ago("created_at") },
  ];
  const actions = { key: "actions", label: "", class: "row-actions", render: (job) => rowMenu(list, job) };
  return mayChange() ? [...made, actions] : made;
}

function scheduleCell(job) {
  return scheduleWords(job, { understood: session.zone });
}

function nameCell(job) {
  return h("div", { class: "job-name" }, named(href(`/jobs/${encodeURIComponent(job.id)}`), job.name),
    h("div", { class: "chips small quiet" }, h("span", job.task), job.tags.map((tag) => chip(tag))));
}

function rowMenu(list, job) {
  const items = () => {
    const now = list.rows.find(({ id }) => id === job.id) ?? job;
    const apply = (changes) => list.patch(job.id, changes);
    const run = (name) => act(name, now, apply).then(() => list.refresh());
    return [...possible(now).map((name) => ({ ...ACTIONS[name], onClick: () => run(name) })),
      { label: "Edit", icon: "edit", href: editHref(job) },
      { label: "Duplicate", icon: "copy", href: duplicateHref(job) }];
  };
  return menu({ label: `Actions for ${job.name}`, items });
}

/** What can be done to the selected rows, or to all that the filter means. */
function drawChosen(list) {
  const { selected, rows, chosen } = list;
  chosen.hidden = selected.size === 0;
  if (chosen.hidden) return;
  const isPage = selected.size === rows.length && (list.next || current().query.cursor);
  const can = (name) => list.wholeFilter || rows.some((job) => selected.has(job.id) && ACTIONS[name].allowed(job));
  const text = list.wholeFilter ? "All jobs that match are selected" : `${plural(selected.size, "job")} selected`;
  fill(chosen, h("span", { class: "strong", "aria-live": "polite" }, text),
    isPage && !list.wholeFilter && h("button", { type: "button", class: "link", on: { click: () => {
      list.wholeFilter = true;
      drawChosen(list);
    } } }, "Select all that match, on all pages"),
    h("div", { class: "row" }, MANY.filter(can).map((name) => button(ACTIONS[name].label, {
      icon: ACTIONS[name].icon, small: true, kind: ACTIONS[name].danger && "danger",
      onClick: () => changeChosen(list, name),
    })), button("Clear", { kind: "ghost", small: true, onClick: () => list.choose(new Set()) })));
}

async function changeChosen(list, name) {
  const ids = [...list.selected];
  const filters = filtersIn(current().query);
  const whole = Object.keys(filters).length ? { filter: filters } : { all: true };
  const back = ACTIONS[name].undo;
  const able = list.rows.filter((job) => list.selected.has(job.id) && ACTIONS[name].allowed(job)).map(({ id }) => id);
  const undo = back && !list.wholeFilter && able.length ? async () => {
    if (await changeMany(back, { filter: { ids: able } })) list.load();
  } : undefined;
  if (!await changeMany(name, list.wholeFilter ? whole : { filter: { ids } }, { undo })) return;
  list.choose(new Set());
  list.load();
}

/** The cursors of the pages before this one, for as long as the tab lives; a link that was sent has none. */
function stackOf(query) {
  if (!query.cursor) return [];
  try {
    const kept = JSON.parse(sessionStorage.getItem("tickwell.jobs.pages"));
    return kept && kept.at === location.hash ? kept.back : [];
  } catch {
    return [];
  }
}

function keepStack(back) {
  try {
    sessionStorage.setItem("tickwell.jobs.pages", JSON.stringify({ at: location.hash, back }));
  } catch {
    // then "Previous" leads to the first page after the page was loaded anew
  }
}
