// Settings: the audit log. Who did what, when, from where, and how it ended.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href, setQuery } from "../lib/router.js";
import { instant, number } from "../lib/time.js";
import { badge } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { field, form } from "../ui/form.js";
import { load, page } from "../ui/page.js";
import { pager, table } from "../ui/table.js";
import { ACTIONS, actionWords } from "./audit_actions.js";

export const title = "Audit log";

const FILTERS = ["actor", "action", "resource", "since", "until"];
const TONES = { succeeded: "ok", denied: "warn", failed: "bad" };
const LEAD = "Every request that changed something, or was denied. Nothing of what was in it.";

class AuditLog {
  constructor(root, query, signal) {
    this.signal = signal;
    this.chosen = Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
    this.cursors = query.cursor ? [null, query.cursor] : [null];
    this.filter = h("div", { class: "filters" });
    this.list = h("div", { class: "stack" });
    page(root, { title, lead: LEAD }).append(this.filter, this.list);
    this.people = new Map();
  }

  async open() {
    this.drawForm();
    this.naming = this.readPeople();
    await this.show();
  }

  /** Who the ids are. Those who left are not among them. */
  async readPeople() {
    const read = (path) => api.get(path, {}, { signal: this.signal }).catch(() => ({}));
    const [{ members = [] }, { api_keys: keys = [] }] = await Promise.all([read("organization/members"),
      read("api-keys")]);
    for (const member of members) this.people.set(member.id, member.email);
    for (const key of keys) this.people.set(key.id, key.name);
    fill(this.known, [...this.people].map(([value, label]) => h("option", { value, label })));
  }

  drawForm() {
    this.known = h("datalist", { id: "audit-actors" });
    const actions = h("datalist", { id: "audit-actions" }, ACTIONS.map((value) => h("option",
      { value, label: actionWords(value) })));
    const one = (name, label, more) => field({ name, label, value: this.chosen[name], optional: false, ...more });
    const clear = button("Clear", { kind: "ghost", onClick: () => this.clear() });
    clear.hidden = !Object.keys(this.chosen).length;
    fill(this.filter, form({
      fields: [
        one("actor", "Who", { list: "audit-actors", maxlength: 64, placeholder: "user, API key" }),
        one("action", "Action", { list: "audit-actions", maxlength: 64, placeholder: "deleteJob" }),
        one("resource", "What", { maxlength: 512, placeholder: "id or name" }),
        one("since", "From", { type: "datetime-local" }), one("until", "Before", { type: "datetime-local" }),
        this.known, actions],
      submit: "Filter", actions: clear,
      onSubmit: async (values) => {
        clear.hidden = !Object.keys(values).length;
        await this.choose(values);
      },
    }));
  }

  clear() {
    const shown = this.choose({});
    this.drawForm();
    this.readPeople();
    return shown;
  }

  choose(chosen) {
    this.chosen = chosen;
    this.cursors = [null];
    return this.show();
  }

  async show() {
    const cursor = this.cursors.at(-1);
    setQuery({ ...Object.fromEntries(FILTERS.map((name) => [name, null])), ...this.chosen, cursor });
    await load(this.list, "table", async () => {
      const found = await api.get("audit", { ...this.chosen, cursor, limit: 50 }, { signal: this.signal });
      await this.naming;
      return this.content(found.records, found.pagination.next_cursor);
    });
  }

  content(rows, next) {
    const none = next === null
      ? empty({ title: Object.keys(this.chosen).length ? "No record matches" : "No records yet", icon: "search" })
      : empty({ title: "None on this page",
        text: "The filter was applied to 1,000 records. More may follow on the next page.", icon: "search" });
    return [
      table({ caption: "Audit log", columns: this.columns(), rows, empty: none }),
      pager({ label: `Page ${this.cursors.length}`, next, previous: this.cursors.length > 1 ? true : null,
        onPage: (cursor) => {
        if (cursor === true) this.cursors.pop();
        else this.cursors.push(cursor);
        return this.show();
      } }),
    ];
  }

  columns() {
    return [
      { key: "action", label: "Action", main: true, render: action },
      { key: "at", label: "When", class: "nowrap", render: (row) => instant(row.at) },
      { key: "who", label: "Who", render: (row) => this.who(row) },
      { key: "resource", label: "What", render: resource },
      { key: "outcome", label: "Outcome", render: outcome },
      { key: "from", label: "From", class: "nowrap mid-off",
        render: (row) => h("span", { title: `Request ${row.request_id}` }, row.client_address) },
    ];
  }

  who(row) {
    const pick = (id) => h("button",
      { type: "button", class: "link clip who-link", title: `All of ${id}`, on: { click: () => this.of(id) } },
      this.people.get(id) ?? id);
    return h("div", pick(row.user_id),
      row.api_key_id && h("div", { class: "small quiet" }, "with the API key ", pick(row.api_key_id)));
  }

  /** Only what that user or API key did. */
  of(actor) {
    this.choose({ ...this.chosen, actor });
    this.drawForm();
    this.readPeople();
  }
}

function action(row) {
  const count = row.count === null ? null : h("span", { class: "quiet" }, ` (${number(row.count)})`);
  return h("span", { title: row.action }, actionWords(row.action), count);
}


function outcome(row) {
  return badge(row.outcome, { tone: TONES[row.outcome], title: `HTTP ${row.status}` });
}

function resource(row) {
  if (row.resource === null) return h("span", { class: "quiet" }, "–");
  const page = pageOf(row);
  return page ? h("a", { href: page, class: "mono" }, row.resource) : h("span", { class: "mono" }, row.resource);
}

/** The page of what a record is about, where it is likely to be there still. */
function pageOf({ action: did, resource: named }) {
  if (/^delete/.test(did) || named.includes("/")) return null;
  if (/DeadLetter$/.test(did)) return href(`/dead-letters/${encodeURIComponent(named)}`);
  if (/Queue$/.test(did)) return href("/queues", { queue: named });
  const isOfJob = /^(update|pause|resume|cancel|execute|retry|backfill)Job$/.test(did);
  return isOfJob ? href(`/jobs/${encodeURIComponent(named)}`) : null;
}

export default async function auditLog({ root, query, signal }) {
  await new AuditLog(root, query, signal).open();
}
