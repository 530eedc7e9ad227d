// Settings: hooks, the addresses at which other systems hand in messages.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { instant } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { confirm, dialog } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { facts, load, page } from "../ui/page.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { hookForm } from "./hook_form.js";

export const title = "Hooks";

const LEAD = "Addresses at which other systems hand in JSON messages. Each message becomes a job.";

export default async function hooks({ root, signal }) {
  const create = button("New hook", { icon: "plus", kind: "primary", onClick: () => hookForm(again) });
  const list = h("div");
  const again = () => load(list, "table", async () => content((await api.get("hooks", {}, { signal })).hooks, again));
  page(root, { title, lead: LEAD, actions: create }).append(list);
  await again();
}

function content(rows, again) {
  const columns = [
    { key: "name", label: "Hook", main: true, render: (row) => h("button",
      { type: "button", class: "link strong", on: { click: () => detail(row) } }, row.name) },
    { key: "task", label: "Runs", render: (row) => h("div", row.task,
      row.queue && h("div", { class: "small quiet" }, "in ",
      h("a", { href: href("/queues", { queue: row.queue }) }, row.queue))) },
    { key: "signature", label: "Signed", render: signed },
    { key: "last_used_at", label: "Last message", render: (row) => (row.last_used_at ? instant(row.last_used_at,
      { relative: true }) : h("span", { class: "quiet" }, "none yet")) },
    { key: "created_at", label: "Made", render: (row) => instant(row.created_at) },
    { key: "actions", label: "", align: "end", render: (row) => button(`Delete ${row.name}`,
      { icon: "trash", small: true, bare: true, kind: "ghost", onClick: () => remove(row, again) }) },
  ];
  const none = empty({
    title: "No hooks", text: "Make an address for each system that has something to tell.", icon: "external",
    action: { label: "New hook", onClick: () => hookForm(again) },
  });
  return table({ caption: "Hooks", columns, rows, empty: none });
}

function signed({ signature }) {
  if (signature === null) return h("span", { class: "quiet" }, "no");
  return h("div", badge("signed", { tone: "ok", label: signature.scheme }),
    h("div", { class: "small quiet" }, signature.secret));
}

function detail(row) {
  const { signature } = row;
  const fields = Object.entries(row.fields);
  dialog({ title: row.name, wide: true, content: [
    facts([
      ["Task", row.task], ["Queue", row.queue], ["Made", instant(row.created_at)],
      ["Last message", row.last_used_at ? instant(row.last_used_at, { relative: true }) : "none yet"],
      ["Signed by", signature && `${signature.scheme}, with the secret ${signature.secret}`],
      ["Signature’s header", signature?.header],
      ["Id", h("code", row.id)],
    ]),
    fields.length ? [h("h3", "Where its parts are in a message"),
      facts(fields.map(([part, path]) => [part, h("code", path)]))] : null,
    h("h3", "Payload of its jobs"),
    row.payload === null ? h("p", { class: "quiet" }, "The message itself.") : h("pre",
      { tabindex: "0", "aria-label": "Payload" }, JSON.stringify(row.payload, null, 2)),
    h("p", { class: "small quiet" }, "Its address was shown once, when it was made. If it is lost, make another hook. ",
      chip("POST /hooks/…")),
  ] });
}

async function remove(row, again) {
  const isDone = await confirm({
    title: `Delete the hook ${row.name}?`, action: "Delete", danger: true,
    text: "Its address is unknown at once: whoever still sends there gets 404. Jobs of earlier messages stay.",
    act: () => api.delete(`hooks/${encodeURIComponent(row.id)}`),
  });
  if (!isDone) return;
  toast(`The hook ${row.name} is deleted`);
  again();
}
