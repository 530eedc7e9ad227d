// What a job has been through: its newest attempts, all executions, and what became of each occurrence.

import { api, isAbort } from "../lib/api.js";
import { fill, h, newId } from "../lib/dom.js";
import { current, href, setQuery } from "../lib/router.js";
import { instant, moment, number, plural } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { failure } from "../ui/page.js";
import { inOrder, keepFocus } from "../ui/refresh.js";
import { skeleton } from "../ui/skeleton.js";
import { pager, table } from "../ui/table.js";
import { attemptList } from "./job_attempts.js";
import { part } from "./job_parts.js";

const STATUSES = ["running", "success", "failed", "timeout", "cancelled", "lost"];
const PERIODS = { 1: "Last hour", 24: "Last 24 hours", 168: "Last 7 days", 720: "Last 30 days", 8760: "Last year" };
const TONES = { executed: "ok", skipped: "warn", cancelled: "idle", running: "run", waiting: "warn", upcoming: "idle" };
const EXECUTIONS = 20;
const OCCURRENCES = 50;

/**
 * The card with its tabs. Which one is open stands in the address.
 * @returns {HTMLElement} with `update(job)`
 */
export function historyCard(job, signal) {
  const views = { attempts: attemptsView(signal), executions: executionsView(job.id, signal) };
  if (job.job_type === "recurring") views.occurrences = occurrencesView(job, signal);
  const labels = { attempts: "Attempts", executions: "All executions", occurrences: "Occurrences" };
  const tabs = h("ul", { class: "tabs" });
  const content = h("div", { class: "tab" });
  const card = h("section", { class: "card" }, h("h2", { class: "hidden-text" }, "History"),
    h("nav", { "aria-label": "History" }, tabs), content);
  const open = (name, latest) => {
    for (const link of tabs.querySelectorAll("a")) {
      if (link.dataset.tab === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    card.shown = views[name];
    fill(content, views[name]);
    views[name].update(latest);
  };
  fill(tabs, Object.keys(views).map((name) => h("li", h("a", {
    href: href(current().path, { tab: name }), dataset: { tab: name },
    on: { click: (event) => {
      event.preventDefault();
      setQuery({ tab: name === "attempts" ? null : name });
      open(name, card.job);
    } },
  }, labels[name]))));
  card.update = (latest) => {
    card.job = latest;
    if (card.shown) card.shown.update(latest);
    else open(current().query.tab in views ? current().query.tab : "attempts", latest);
  };
  return card;
}

function attemptsView(signal) {
  const list = attemptList(signal);
  const about = part(({ attempts }) => attempts[0]?.due_at ?? null, ({ attempts }) => h("p", { class: "small quiet" },
    attempts.length ? ["Of the newest occurrence, due ", instant(attempts[0].due_at), "."] : "It has not run yet."));
  const made = h("div", about, list);
  made.update = (job) => {
    about.update(job);
    list.update([...job.attempts].reverse());
  };
  return made;
}

/** A listing that is leafed through: `ask(cursor)` resolves to {items, next}, `draw(items)` shows them. */
function leafing({ ask, draw, isMoving }) {
  const made = h("div", { class: "stack" });
  const back = [];
  const order = inOrder();
  let cursor = null;
  let seen = null;
  const show = async (to = cursor) => {
    cursor = to;
    if (!made.children.length) fill(made, skeleton("table"));
    const isNewest = order();
    try {
      const { items, next, label } = await ask(cursor);
      if (!isNewest()) return;
      const leaf = pager({ next, previous: back.length ? true : null, label, onPage: leafTo });
      keepFocus(made, () => fill(made, draw(items), (next || back.length > 0) && leaf));
    } catch (error) {
      if (!isAbort(error) && isNewest()) fill(made, failure(error, () => show()));
    }
  };
  const leafTo = (place) => {
    if (place === true) return show(back.pop());
    back.push(cursor);
    return show(place);
  };
  made.restart = () => {
    back.length = 0;
    fill(made);
    return show(null);
  };
  made.update = (job) => {
    const mark = isMoving(job);
    if (seen === mark || (seen !== null && back.length)) return;
    seen = mark;
    show();
  };
  return made;
}

function select(label, options, onChange) {
  const control = h("select", { id: newId("select"), class: "slim" },
    Object.entries(options).map(([value, text]) => h("option", { value }, text)));
  control.addEventListener("change", () => onChange(control.value));
  return h("div", { class: "row small" }, h("label", { for: control.id }, label), control);
}

function executionsView(id, signal) {
  const list = attemptList(signal);
  const none = h("p", { class: "quiet" }, "None.");
  let status = "";
  const listing = leafing({
    ask: async (cursor) => {
      const params = { limit: EXECUTIONS, cursor, status };
      const path = `jobs/${encodeURIComponent(id)}/executions`;
      const { executions: items, pagination: { next_cursor: next, total } } = await api.get(path, params, { signal });
      return { items, next, label: total === null ? "" : `${plural(total, "execution")} in all` };
    },
    draw: (items) => {
      list.update(items);
      return items.length ? list : none;
    },
    isMoving: ({ attempts, statistics }) =>
      JSON.stringify([attempts.map((each) => [each.execution_id, each.status]), statistics]),
  });
  const statuses = { "": "Any", ...Object.fromEntries(STATUSES.map((each) => [each, each])) };
  const made = h("div", { class: "stack" }, select("Status", statuses, (chosen) => {
    status = chosen;
    listing.restart();
  }), listing);
  made.update = listing.update;
  return made;
}

function occurrencesView(job, signal) {
  const isFrequent = job.interval_seconds ? job.interval_seconds < 900 : /^\S+ \*/.test(job.cron_expression);
  let hours = isFrequent ? "1" : "24";
  const listing = leafing({
    ask: async (cursor) => {
      const since = new Date(Date.now() - Number(hours) * 3_600_000);
      const params = { from: since.toISOString(), until: new Date().toISOString(), limit: OCCURRENCES, cursor };
      const found = await api.get(`jobs/${encodeURIComponent(job.id)}/occurrences`, params, { signal });
      return { items: found.occurrences, next: found.next_cursor, label: "" };
    },
    draw: (rows) => table({
      caption: "Occurrences", rows, key: (row) => row.due_at,
      empty: h("p", { class: "quiet" }, "None fell due in this time."),
      columns: [
        { key: "due_at", label: "Due", main: true, render: dueCell },
        { key: "outcome", label: "Outcome", render: outcomeCell },
        { key: "reason", label: "Why", render: reasonCell },
      ],
    }),
    isMoving: ({ next_run, attempts }) => JSON.stringify([next_run, attempts.at(-1)?.status]),
  });
  const period = select("Due in the", PERIODS, (chosen) => {
    hours = chosen;
    listing.restart();
  });
  period.querySelector("select").value = hours;
  const made = h("div", { class: "stack" }, period, listing);
  made.update = listing.update;
  return made;
}

function dueCell({ due_at: first, last_due_at: last, count }) {
  if (!last) return moment(first);
  const times = count === null ? " (many)" : ` (${number(count)})`;
  return h("span", moment(first), " to ", moment(last), h("span", { class: "quiet" }, times));
}

/** How the newest attempt stands says more than that there was one. */
function outcomeCell({ outcome, status }) {
  return status ? badge(status) : badge(outcome, { tone: TONES[outcome] });
}

function reasonCell({ reason, attempt, next_attempt_at: next }) {
  if (reason) return reason;
  if (next) return h("span", "Next attempt ", instant(next, { relative: true }));
  return attempt > 1 ? plural(attempt, "attempt") : "–";
}
