// Dead letters: what will not be tried again. Found by filter; retried or deleted, one or all that the filter chooses.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { instant, plural } from "../lib/time.js";
import { chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { load, page } from "../ui/page.js";
import { sweep } from "../ui/sweep.js";
import { named, pager, table } from "../ui/table.js";
import { removeLetter, retryLetter } from "./dead_letter_actions.js";
import { FILTERS, chosenOf, filterForm, filterWords } from "./dead_letter_filter.js";

export const title = "Dead letters";

const LEAD = "What failed for good, and why.";
const NOUN = ["dead letter", "dead letters"];

class DeadLetters {
  constructor(root, query, signal) {
    this.signal = signal;
    this.mayChange = session.can("member");
    this.chosen = Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
    this.cursors = query.cursor ? [null, query.cursor] : [null];
    this.whole = h("div", { class: "row" });
    this.body = page(root, { title, lead: LEAD, actions: this.whole });
    this.filter = h("div", { class: "filters" });
    this.list = h("div", { class: "stack" });
    this.body.append(this.filter, this.list);
  }

  async open() {
    this.drawForm();
    this.drawFilter();
    await this.show();
  }

  drawForm() {
    filterForm(this.filter, this.chosen, { signal: this.signal, onChoose: (chosen) => this.choose(chosen) });
  }

  /** Another filter: from the first page. */
  choose(chosen) {
    this.chosen = chosen;
    this.cursors = [null];
    this.drawFilter();
    return this.show();
  }

  drawFilter() {
    const cleared = Object.fromEntries(FILTERS.map((name) => [name, null]));
    setQuery({ ...cleared, ...this.chosen, cursor: this.cursors.at(-1) });
    if (!this.mayChange) return;
    const all = Object.keys(this.chosen).length ? "all that match" : "all";
    fill(this.whole, button(`Retry ${all} …`, { icon: "refresh", onClick: () => this.sweep("retry") }),
      button(`Delete ${all} …`, { icon: "trash", kind: "danger", onClick: () => this.sweep("delete") }));
  }

  show() {
    return load(this.list, "table", async (turn) => {
      const cursor = this.cursors.at(-1);
      const signal = AbortSignal.any([this.signal, turn]);
      const found = await api.get("dead-letters", { ...this.chosen, cursor }, { signal });
      return this.content(found.dead_letters, found.pagination.next_cursor);
    });
  }

  content(letters, next) {
    this.rows = letters;
    this.whole.hidden = !letters.length && this.cursors.length === 1 && next === null;
    this.table = table({ caption: "Dead letters", columns: this.columns(), rows: letters, empty: this.empty(next) });
    const place = this.cursors.length === 1 && next === null ? plural(letters.length,
      ...NOUN) : `Page ${this.cursors.length}`;
    const role = this.mayChange ? null : h("p", { class: "quiet" },
      "To retry or delete dead letters takes the role member or above.");
    return [role, this.table, pager({
      label: place, next, previous: this.cursors.length > 1 ? true : null, onPage: (cursor) => this.turn(cursor),
    })];
  }

  turn(cursor) {
    if (cursor === true) this.cursors.pop();
    else this.cursors.push(cursor);
    setQuery({ cursor: this.cursors.at(-1) });
    return this.show();
  }

  empty(next) {
    if (next !== null) return empty({ title: "None on this page",
      text: "The filter was applied to 1,000 dead letters. More may follow on the next page.", icon: "search" });
    if (Object.keys(this.chosen).length) {
      return empty({ title: "No dead letter matches", icon: "search",
        action: { label: "Show all", onClick: () => this.clear() } });
    }
    return empty({ title: "No dead letters", text: "Nothing has failed for good.", icon: "check" });
  }

  clear() {
    this.choose({});
    this.drawForm();
  }

  columns() {
    const actions = { key: "actions", label: "", align: "end", render: (letter) => this.actions(letter) };
    return [
      { key: "job", label: "Job", main: true, render: job },
      { key: "error", label: "Error", render: fault },
      { key: "attempts", label: "Attempts", align: "end" },
      { key: "failed_at", label: "Failed", class: "nowrap", render: (letter) => instant(letter.failed_at,
        { relative: true }) },
      { key: "retried", label: "Retried", render: retried },
      this.mayChange ? actions : null,
    ].filter(Boolean);
  }

  actions(letter) {
    const named = letter.job_name ?? letter.id;
    const retry = button("Retry", {
      icon: "refresh", small: true, attributes: { "aria-label": `Retry ${named}` },
      onClick: () => retryLetter(letter, (answer) => this.replace({ ...letter, retried_as: answer.retried_as,
        retried_at: answer.retried_at })),
    });
    const remove = button(`Delete ${named}`, {
      icon: "trash", small: true, bare: true, kind: "ghost",
      onClick: () => removeLetter(letter, () => this.drop(letter)),
    });
    return h("div", { class: "row end tools" }, retry, remove);
  }

  replace(letter) {
    this.rows = this.rows.map((each) => (each.id === letter.id ? letter : each));
    this.table.update({ rows: this.rows });
  }

  drop(letter) {
    this.rows = this.rows.filter((each) => each.id !== letter.id);
    if (this.rows.length) this.table.update({ rows: this.rows });
    else this.show();
  }

  async sweep(action) {
    const isRetry = action === "retry";
    const chosen = chosenOf(this.chosen);
    const isBegun = await sweep({
      title: isRetry ? "Retry dead letters" : "Delete dead letters",
      about: filterWords(this.chosen),
      path: `dead-letters/${action}`,
      body: Object.keys(chosen).length ? { filter: chosen } : { all: true },
      begin: isRetry ? "Retry" : "Delete",
      verb: isRetry ? "run again, each as a new job that is due now" : "deleted for good",
      done: isRetry ? "run again" : "deleted",
      noun: NOUN, danger: !isRetry,
    });
    if (isBegun && !this.signal.aborted) this.choose(this.chosen);
  }
}

function job(letter) {
  const name = letter.job_name ?? letter.task ?? letter.id;
  const where = [letter.task === name ? null : letter.task, letter.queue
    && `in ${letter.queue}`].filter(Boolean).join(" ");
  return h("div", named(href(`/dead-letters/${encodeURIComponent(letter.id)}`), name),
    h("div", { class: "small quiet" }, where));
}

function fault(letter) {
  return h("div", letter.error_code ? chip(letter.error_code) : null,
    h("div", { class: "small quiet why-letter" }, letter.error_message ?? letter.reason));
}

function retried(letter) {
  if (letter.retried_as === null) return h("span", { class: "quiet" }, "no");
  return h("a", { href: href(`/jobs/${encodeURIComponent(letter.retried_as)}`) },
    instant(letter.retried_at, { relative: true }));
}

export default async function deadLetters({ root, query, signal }) {
  await new DeadLetters(root, query, signal).open();
}
