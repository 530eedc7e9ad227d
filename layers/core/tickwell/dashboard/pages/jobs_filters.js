// What the list of jobs is narrowed by: controls, and a chip for each filter that is set.

import { api } from "../lib/api.js";
import { fill, h, newId } from "../lib/dom.js";
import { button } from "../ui/button.js";
import { words } from "../ui/badge.js";
import { icon } from "../ui/icon.js";

const STATES = ["pending", "delayed", "waiting", "running", "retrying", "paused", "active", "completed", "failed",
  "cancelled"];
const TYPES = ["one-time", "recurring"];
const LABELS = {
  search: "Name", state: "State", status: "Status", job_type: "Type", task: "Task", queue: "Queue", tag: "Tag",
};
const FOLDED = ["job_type", "task", "queue", "tag"];
const TYPING_MS = 300;

/** The names of the filters, as the API and the address have them. */
export const FILTERS = Object.keys(LABELS);

/** Those of a query that are filters and set. */
export function filtersIn(query) {
  return Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
}

/** The changes that take out every filter. */
export function noFilters() {
  return Object.fromEntries(FILTERS.map((name) => [name, null]));
}

/**
 * The controls.
 * @param {() => object} query what the address says now
 * @param {(changes: object) => void} onChange is told the filters that changed; null takes one out
 * @param {AbortSignal} signal
 * @returns {HTMLElement} with `update()` after the address has changed
 */
export function filterBar(query, onChange, signal) {
  const controls = {
    search: searchInput(onChange), state: select("state", STATES), job_type: select("job_type", TYPES),
    task: select("task", []), queue: select("queue", []), tag: h("input", { id: newId("filter"), maxlength: 255 }),
  };
  for (const [name, control] of Object.entries(controls)) {
    if (name !== "search") control.addEventListener("change", () => onChange({ [name]: control.value.trim() || null }));
  }
  const count = h("span", { class: "count" });
  const more = h("details", { class: "filters" }, h("summary", { class: "button" }, icon("filter"), "Filters", count),
    h("div", { class: "fields" }, FOLDED.map((name) => labelled(name, controls[name]))));
  more.addEventListener("toggle", () => more.open && offer(controls, query, signal), { once: true });
  closeFromOutside(more, signal);
  const chips = h("ul", { class: "chips", "aria-label": "Filters that are set" });
  findBySlash(controls.search, signal);
  const bar = h("div", { class: "filter-bar", role: "search" },
    h("div", { class: "row" }, labelled("search", controls.search, true), labelled("state", controls.state, true),
      more), chips);
  bar.update = () => show(controls, query(), chips, count, onChange);
  bar.update();
  return bar;
}

/** Escape folds it, and so does a press beside it. */
function closeFromOutside(details, signal) {
  document.addEventListener("pointerdown", (event) => {
    if (!details.contains(event.target)) details.open = false;
  }, { signal });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

/** "/" leads to the search, unless one writes something. */
function findBySlash(input, signal) {
  document.addEventListener("keydown", (event) => {
    const isWriting = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isWriting) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
  }, { signal });
}

function labelled(name, control, isHidden = false) {
  return h("div", { class: ["field", name] },
    h("label", { for: control.id, class: isHidden && "hidden-text" }, LABELS[name]), control);
}

function searchInput(onChange) {
  const input = h("input", {
    id: newId("filter"), type: "search", placeholder: "Search by name", maxlength: 255, enterkeyhint: "search",
  });
  let timer = 0;
  const tell = () => {
    clearTimeout(timer);
    onChange({ search: input.value.trim() || null });
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(tell, TYPING_MS);
  });
  input.addEventListener("change", tell);
  return input;
}

function select(name, values) {
  const made = h("select", { id: newId("filter") }, h("option", { value: "" }, name === "state" ? "Any state" : "Any"));
  addOptions(made, values, words);
  return made;
}

function addOptions(select, values, name = String) {
  const known = new Set([...select.options].map(({ value }) => value));
  select.append(...values.filter((value) => !known.has(value)).map((value) => h("option", { value }, name(value))));
}

/** Tasks and queues are asked for when somebody wants to choose among them. */
async function offer(controls, query, signal) {
  const fetched = async (path, read, control) => {
    try {
      addOptions(control, read(await api.get(path, undefined, { signal })));
    } catch {
      return; // what is set can be seen and taken out without it
    }
    control.value = query()[control === controls.task ? "task" : "queue"] ?? "";
  };
  await Promise.all([
    fetched("tasks", ({ tasks }) => tasks.map(({ name }) => name), controls.task),
    fetched("queues", ({ queues }) => queues.map(({ name }) => name), controls.queue),
  ]);
}

function show(controls, query, chips, count, onChange) {
  for (const [name, control] of Object.entries(controls)) {
    const value = query[name] ?? "";
    if (control.tagName === "SELECT" && value) addOptions(control, [value]);
    if (control.value.trim() !== value) control.value = value;
  }
  const set = Object.entries(filtersIn(query));
  const inside = set.filter(([name]) => FOLDED.includes(name)).length;
  count.textContent = inside ? ` ${inside}` : "";
  chips.hidden = set.length === 0;
  fill(chips, set.map(([name, value]) => h("li", chipOf(name, value, onChange))),
    set.length > 1 && h("li", button("Clear all", {
      kind: "ghost", small: true, onClick: () => onChange(noFilters()),
    })));
}

function chipOf(name, value, onChange) {
  return h("button", { type: "button", class: "chip removable", on: { click: () => onChange({ [name]: null }) } },
    h("span", { class: "hidden-text" }, "Remove filter "), h("span", { class: "quiet" }, `${LABELS[name]}: `),
    name === "state" || name === "status" ? words(value) : value, icon("close"));
}
