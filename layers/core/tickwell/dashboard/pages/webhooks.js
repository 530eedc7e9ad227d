// Settings: who is told when something fails, and the webhooks of the organization.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { session } from "../lib/session.js";
import { instant } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { confirm, dialog } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field, form } from "../ui/form.js";
import { card, load, note, page } from "../ui/page.js";
import { shownOnce } from "../ui/shown_once.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

export const title = "Notifications";

const LEAD = "Webhooks tell other systems when something fails, signed by the Standard Webhooks scheme.";
const EVENTS = [
  { value: "job.failed", label: "A job failed for good", hint: "it left a dead letter" },
  { value: "execution.timeout", label: "An attempt ran out of time", hint: "also when it is tried again" },
  { value: "job.paused", label: "A recurring job paused itself", hint: "after failures in a row" },
];
const LABELS = new Map(EVENTS.map(({ value, label }) => [value, label]));
const SIGNED = h("span", "The receiver checks the header ", h("code", "webhook-signature"), " with it.");

export default async function webhooks({ root, signal }) {
  const mayRead = session.can("admin");
  const body = page(root, {
    title, lead: LEAD, actions: mayRead ? button("Add webhook",
      { icon: "plus", kind: "primary", onClick: () => add(again) }) : null,
  });
  const list = h("div");
  const again = () => load(list, "table", async () => content((await api.get("webhooks", {}, { signal })).webhooks,
    again));
  body.append(mail());
  if (mayRead) body.append(list);
  else body.append(note("info", "Webhooks are seen and changed by admins and owners of the organization."));
  if (mayRead) await again();
}

function mail() {
  return card("By mail", h("p",
    "Whoever created a job gets a mail when it fails for good, when an attempt runs out of time, ",
    "and when the job pauses itself. There is nothing to set up."));
}

function content(rows, again) {
  const columns = [
    { key: "url", label: "Address", main: true, render: address },
    { key: "events", label: "Told of", render: (row) => h("div", { class: "row" },
      row.events.map((event) => chip(event, { title: LABELS.get(event) }))) },
    { key: "enabled", label: "State", render: state },
    { key: "actions", label: "", align: "end", render: (row) => actions(row, again) },
  ];
  const none = empty({
    title: "No webhooks",
    text: "Add the address of a system that should know at once: a chat, a pager, a program of yours.",
    icon: "external",
    action: { label: "Add webhook", onClick: () => add(again) },
  });
  return table({ caption: "Webhooks", columns, rows, empty: none });
}

function address(row) {
  const about = [row.description, row.description && ", ", "added ", instant(row.created_at)];
  return h("div", row.url, h("div", { class: "small quiet" }, about));
}

function state(row) {
  if (!row.enabled) {
    return h("div", badge("disabled", { tone: "bad", title: "It answered 410 Gone" }),
      h("div", { class: "small quiet" }, "answered 410 ", instant(row.disabled_at, { relative: true })));
  }
  const old = row.old_secret_until && ["old secret counts until ", instant(row.old_secret_until)];
  return h("div", badge("active"), old && h("div", { class: "small quiet" }, old));
}

function actions(row, again) {
  return h("div", { class: "row end tools" },
    button("New secret", { icon: "refresh", small: true, onClick: () => rotate(row, again),
      attributes: { "aria-label": `New secret for ${row.url}` } }),
    button(`Remove ${row.url}`, { icon: "trash", small: true, bare: true, kind: "ghost",
      onClick: () => remove(row, again) }));
}

function add(again) {
  const opened = dialog({
    title: "Add a webhook",
    content: form({
      fields: [
        field({ name: "url", label: "Address", type: "url", required: true, maxlength: 2048,
          hint: "No private address, unless the deployment allows it." }),
        field({ name: "events", label: "What to be told of", type: "checks", options: EVENTS,
          value: EVENTS.map(({ value }) => value) }),
        field({ name: "description", label: "Description", maxlength: 255 }),
      ],
      submit: "Add webhook", cancel: { onClick: () => opened.close() },
      onSubmit: async (values, { idempotencyKey }) => {
        const added = await api.post("webhooks", values, { idempotencyKey });
        opened.close();
        shownOnce({ title: "The webhook’s secret", label: `Secret of ${added.url}`, value: added.secret,
          hint: SIGNED });
        again();
      },
    }),
  });
}

async function rotate(row, again) {
  let rotated = null;
  const isDone = await confirm({
    title: "Give it a new secret?", action: "New secret",
    text: h("p", "Deliveries to ", h("strong", row.url),
      " are signed with both secrets for 24 hours, then with the new one only."),
    act: async () => { rotated = await api.post(`webhooks/${encodeURIComponent(row.id)}/rotate`); },
  });
  if (!isDone) return;
  shownOnce({ title: "The webhook’s new secret", label: `Secret of ${rotated.url}`, value: rotated.secret,
    hint: SIGNED });
  again();
}

async function remove(row, again) {
  const isDone = await confirm({
    title: "Remove the webhook?", action: "Remove", danger: true,
    text: h("p", h("strong", row.url), " is told nothing any more. What is under way to it is dropped."),
    act: () => api.delete(`webhooks/${encodeURIComponent(row.id)}`),
  });
  if (!isDone) return;
  toast("The webhook is removed");
  again();
}
