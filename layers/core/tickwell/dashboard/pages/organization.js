// Settings: the organization, what it may have, all that it has as a file, and its end.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { drop, session } from "../lib/session.js";
import { instant, number, plural } from "../lib/time.js";
import { busy, button, copyButton } from "../ui/button.js";
import { dialog } from "../ui/dialog.js";
import { field, form } from "../ui/form.js";
import { meter } from "../ui/meter.js";
import { username } from "../ui/outside.js";
import { card, facts, load, note, page as head, said } from "../ui/page.js";
import { asksToWait, patiently } from "../ui/patience.js";
import { toast } from "../ui/toast.js";

export const title = "Organization";

export default async function page({ root, signal }) {
  const body = head(root, { title });
  await load(body, "detail", async () => {
    const [organization, { quotas }] = await Promise.all(
      [api.get("organization", {}, { signal }), api.get("organization/quotas", {}, { signal })]);
    return [
      card("Name and id",
        session.can("admin") ? renaming(organization) : h("p", organization.name), about(organization)),
      card("Quotas", h("ul", { class: "meters" }, quotas.map(quota))),
      session.can("owner") && exporting(),
      session.can("owner") && ending(organization),
    ];
  });
}

function renaming(organization) {
  return form({
    submit: "Rename", compact: true,
    fields: field({ name: "name", label: "Name", value: organization.name, required: true, maxlength: 200 }),
    onSubmit: async ({ name }) => {
      const renamed = await api.patch("organization", { name });
      organization.name = renamed.name;
      toast(`The organization is called ${renamed.name} now`);
    },
  });
}

function about(organization) {
  return facts([
    ["Id", h("span", { class: "with-copy" },
      h("code", organization.id), copyButton(organization.id, { label: "Copy the id", bare: true }))],
    ["Since", instant(organization.created_at)],
  ]);
}

function quota({ name, limit, used, fixed }) {
  const label = name === "jobs" ? "unfinished jobs" : name.replaceAll("_", " ").replace(/^api /, "API ");
  const told = limit === null ? `${number(used)}, without a limit` : `${number(used)} of ${number(limit)}`;
  return h("li", h("div", { class: "row between" }, h("span", { class: "strong capital" }, label),
    h("span", { class: "small quiet number" }, told, fixed && " · the same for everybody")),
  limit !== null && meter(used, limit, `${label}: ${told}`));
}

function exporting() {
  const progress = h("p", { class: "small quiet", role: "status" });
  const start = button("Download everything", { onClick: () => busy(start, () => exported(progress)) });
  return card("Export",
    h("p", { class: "quiet" }, "Members, jobs, executions, mails and all the rest, a line of JSON for each."),
    h("div", { class: "row after" }, start, progress));
}

/** Page after page into one file, which is put together in the browser's memory. */
async function exported(progress) {
  const parts = [];
  let count = 0;
  const onWait = (seconds) => { progress.textContent = asksToWait(seconds); };
  try {
    for (let cursor = null, isFirst = true; isFirst || cursor; isFirst = false) {
      const found = await patiently(() => api.get("organization/export", { limit: 500, cursor }), { onWait });
      count += found.items.length;
      parts.push(found.items.map((item) => `${JSON.stringify(item)}\n`).join(""));
      cursor = found.next_cursor;
      progress.textContent = `${plural(count, "thing")} so far …`;
    }
  } catch (error) {
    progress.textContent = said(error);
    return;
  }
  const url = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  h("a", { href: url, download: "tickwell-export.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  progress.textContent = `${plural(count, "thing")}.`;
}

function ending(organization) {
  return card("Delete the organization",
    h("p", { class: "quiet" }, "Every job, every record and every account in it goes. Nobody can bring it back."),
    h("div", { class: "row after" },
      button("Delete …", { kind: "danger", icon: "trash", onClick: () => askForEnd(organization) })));
}

function askForEnd(organization) {
  const opened = dialog({
    title: `Delete ${organization.name}?`,
    content: [
      note("bad", "Nothing of it starts any more, and every credential is dead at once, yours as well."),
      form({
        submit: "Delete everything", danger: true, cancel: { onClick: () => opened.close() },
        fields: [username(), field({
          name: "password", label: "Your password", type: "password", autocomplete: "current-password", required: true,
        })],
        onSubmit: async ({ password }) => {
          await api.delete("organization", { body: { password } });
          opened.close();
          drop("signed-out");
        },
      }),
    ],
  });
}
