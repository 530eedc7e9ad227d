// Settings: the keys that programs sign in with.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { session } from "../lib/session.js";
import { instant } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { confirm, dialog } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field, form } from "../ui/form.js";
import { load, page as head } from "../ui/page.js";
import { shownOnce } from "../ui/shown_once.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

export const title = "API keys";

const SCOPES = {
  "jobs:read": "jobs, executions, dead letters", "jobs:write": "create, change and run jobs", "queues:read": "queues",
  "queues:write": "create and change queues", "files:read": "files", "files:write": "upload and delete files",
  "webhooks:read": "notification targets and hooks", "webhooks:write": "change them",
  "secrets:read": "names of secrets", "secrets:write": "set and delete secrets",
  "tenant:read": "organization, members, audit log, usage",
};
const LIVES = [["30", "30 days"], ["90", "90 days"], ["365", "a year"], ["", "until it is deleted"]];
const ROLES = ["viewer", "member", "admin", "owner"];

export default async function page({ root, signal }) {
  const list = h("div");
  const draw = () => load(list, "table", () => keys(signal, draw));
  const body = head(root, {
    title, lead: "What programs sign in with instead of a person's password.",
    actions: button("Create a key", { icon: "plus", kind: "primary", onClick: () => create(draw) }),
  });
  fill(body, list);
  await draw();
}

async function keys(signal, draw) {
  const [{ api_keys: rows }, { members }] = await Promise.all(
    [api.get("api-keys", {}, { signal }), api.get("organization/members", {}, { signal })]);
  const emails = new Map(members.map(({ id, email }) => [id, email]));
  return table({
    caption: "API keys", rows,
    empty: empty({
      title: "No API keys", text: "Create one for each program that calls the API.", icon: "settings",
    }),
    columns: [
      { key: "name", label: "Name", main: true, render: (key) => [key.name, " ", key.expired && badge("expired")] },
      { key: "role", label: "Role", render: (key) => chip(key.role) },
      {
        key: "scopes", label: "Scopes",
        render: (key) => h("div", { class: "row tight" }, key.scopes.map((scope) => chip(scope))),
      },
      {
        key: "created_by", label: "Created by", narrow: false, class: "mid-off",
        render: (key) => emails.get(key.created_by) || "a former member",
      },
      { key: "last_used_at", label: "Last used", render: (key) => orNever(key.last_used_at, true) },
      { key: "expires_at", label: "Ends", render: (key) => orNever(key.expires_at, false) },
      { key: "delete", label: "", align: "end", render: (key) => deletion(key, draw) },
    ],
  });
}

function orNever(at, relative) {
  return at ? instant(at, { relative }) : "never";
}

function deletion(key, draw) {
  return button(`Delete ${key.name}`, {
    icon: "trash", kind: "ghost", bare: true,
    onClick: async () => {
      const isDone = await confirm({
        title: `Delete ${key.name}?`, text: "Whatever uses it is refused from the next request on.", action: "Delete",
        danger: true, act: () => api.delete(`api-keys/${encodeURIComponent(key.id)}`),
      });
      if (!isDone) return;
      toast(`${key.name} is deleted`);
      await draw();
    },
  });
}

function create(draw) {
  const opened = dialog({
    title: "Create an API key", wide: true,
    content: form({
      submit: "Create", cancel: { onClick: () => opened.close() },
      fields: [
        h("div", { class: "fields" },
          field({
            name: "name", label: "Name", required: true, maxlength: 100, placeholder: "build server", autofocus: true,
          }),
          field({
            name: "role", label: "Role", type: "select", value: "member", required: true,
            options: ROLES.filter((role) => session.can(role)),
          }),
          field({
            name: "expires_in_days", label: "Ends after", type: "select", value: "90", required: false, optional: false,
            also: ["expires_at"], options: LIVES.map(([value, label]) => ({ value, label })),
          })),
        field({
          name: "scopes", label: "What it may be used for", type: "checks", value: ["jobs:read", "jobs:write"],
          hint: "Within its role: webhooks and secrets take admin, changes of queues owner.",
          options: Object.entries(SCOPES).map(([value, hint]) => ({ value, label: value, hint })),
        }),
      ],
      onSubmit: async ({ expires_in_days: days, ...values }, { idempotencyKey }) => {
        const life = days && { expires_in_days: Number(days) };
        const made = await api.post("api-keys", { ...values, ...life }, { idempotencyKey });
        opened.close();
        shownOnce({ title: `The key ${made.name}`, label: "Key", value: made.key,
          hint: "A program sends it as Authorization: Bearer, or as X-API-Key." });
        await draw();
      },
    }),
  });
}
