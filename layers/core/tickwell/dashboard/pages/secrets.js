// Settings: secrets. Values go in and never come out.

import { ApiError, api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { instant } from "../lib/time.js";
import { button, copyButton } from "../ui/button.js";
import { confirm, dialog } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field, form } from "../ui/form.js";
import { load, page } from "../ui/page.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

export const title = "Secrets";

const reference = (name) => `{{secret:${name}}}`;
const LEAD = h("span", "Passwords and tokens that payloads refer to as ", h("code", reference("name")),
  ". A value is seen by the job’s task when it runs, and by nobody here.");

const CHANGES = "Jobs get the new value from now on. The old one is kept for 24 hours, for what is signed with both.";

export default async function secrets({ root, signal }) {
  const list = h("div");
  const state = { rows: [], again: () => load(list, "table", async (turn) => {
    state.rows = (await api.get("secrets", {}, { signal: AbortSignal.any([signal, turn]) })).secrets;
    return content(state);
  }) };
  const create = button("New secret", { icon: "plus", kind: "primary", onClick: () => put(null, state) });
  page(root, { title, lead: LEAD.cloneNode(true), actions: create }).append(list);
  await state.again();
}

function content(state) {
  const columns = [
    { key: "name", label: "Name", main: true, render: (row) => h("code", row.name) },
    { key: "reference", label: "In a payload", render: (row) => h("span", { class: "row" },
      h("code", reference(row.name)),
      copyButton(reference(row.name), { label: `Copy the reference to ${row.name}`, bare: true })) },
    { key: "changed_at", label: "Value since", render: (row) => instant(row.changed_at, { relative: true }) },
    { key: "actions", label: "", align: "end", render: (row) => h("div", { class: "row end tools" },
      button("Change", { icon: "edit", small: true, onClick: () => put(row, state),
        attributes: { "aria-label": `Change ${row.name}` } }),
      button(`Delete ${row.name}`, { icon: "trash", small: true, bare: true, kind: "ghost",
        onClick: () => remove(row, state) })) },
  ];
  const none = empty({
    title: "No secrets", text: "Keep a password or token here, and name it in the payloads that need it.",
    icon: "settings",
    action: { label: "New secret", onClick: () => put(null, state) },
  });
  return table({ caption: "Secrets", columns, rows: state.rows, key: (row) => row.name, empty: none });
}

/** The value's box: covered, since somebody may look on; of several lines, since keys are. */
function valueField() {
  const covered = field({
    name: "value", label: "Value", type: "textarea", required: true, rows: 3, trim: false, minlength: 6, mono: true,
    autocomplete: "off",
    spellcheck: "false", hint: "6 characters to 64 KB. It is not shown again, here or anywhere.",
  });
  covered.classList.add("covered");
  const show = field({ name: "shown", label: "Show what I type", type: "checkbox",
    onInput: (isShown) => covered.classList.toggle("covered", !isShown) });
  return [covered, show];
}

function put(row, state) {
  const name = field({
    name: "name", label: "Name", required: true, maxlength: 64, pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", mono: true,
    autocomplete: "off",
    spellcheck: "false", also: ["secret_name"],
    hint: "Lower-case letters, digits, “-” and “_”. Those for hooks begin with hook-.",
  });
  const opened = dialog({
    title: row ? `Another value for ${row.name}` : "New secret",
    content: form({
      fields: [row ? h("p", { class: "quiet" }, CHANGES) : name, valueField()],
      submit: row ? "Change the value" : "Keep it", cancel: { onClick: () => opened.close() },
      onSubmit: async ({ name: given, value }) => {
        const called = row ? row.name : given;
        if (!row && state.rows.some((each) => each.name === called)) throw taken();
        await api.put(`secrets/${encodeURIComponent(called)}`, { value });
        opened.close();
        toast(row ? `${called} has its new value` : `${called} is kept`);
        state.again();
      },
    }),
  });
}

/** Putting a secret that is there would change it, which nobody asked for. */
function taken() {
  const details = [{ field: "name", message: "is there already: its row has a button to change it" }];
  return new ApiError({ status: 422, code: "VALIDATION_ERROR", message: "There is a secret of that name.", details });
}

async function remove(row, state) {
  const isDone = await confirm({
    title: `Delete ${row.name}?`, action: "Delete", danger: true,
    text: "Its value is gone for good. Jobs that refer to it fail from then on.",
    act: () => api.delete(`secrets/${encodeURIComponent(row.name)}`),
  });
  if (!isDone) return;
  toast(`${row.name} is deleted`);
  state.again();
}
