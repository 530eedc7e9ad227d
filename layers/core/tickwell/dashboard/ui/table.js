// Tables that become cards on narrow screens, and what leafs through them.

import { fill, h } from "../lib/dom.js";
import { button } from "./button.js";

const MUCH = 60;

/**
 * A table.
 * @param {object} told `caption`: what it is a table of; `columns`: [{key, label, sort?: true|string, align?: "end",
 *   render?(row), main?: true, narrow?: false, class?}] (`main`: the head of a card; `narrow` false: not on narrow
 *   screens); `rows`; `key(row)`: what names a row (its `id` by default); `empty`: what stands there without rows;
 *   `sort`: {key, order: "asc"|"desc"} and `onSort(key, order)`; `selection`: {selected: Set of keys, onChange(Set),
 *   label(row)}.
 * @returns {HTMLElement} with `update({rows, sort})`: rows that are the same stay the same elements
 */
export function table(told) {
  const state = { ...told, drawn: new Map(), key: told.key || ((row) => row.id) };
  const head = h("thead", { role: "rowgroup" });
  const body = h("tbody", { role: "rowgroup" });
  const made = h("table", { role: "table" }, h("caption", { class: "hidden-text" }, told.caption), head, body);
  const wrap = h("div", { class: "table", role: "region", "aria-label": told.caption }, made);
  stopWhereItScrolls(wrap, made);
  const none = h("div", { hidden: true }, told.empty || h("p", { class: "empty quiet" }, "There is nothing here."));
  const whole = h("div", wrap, none);
  whole.update = (changes = {}) => {
    Object.assign(state, changes);
    if (!head.children.length || changes.sort || changes.columns) drawHead(state, head, whole);
    drawRows(state, body, whole);
    wrap.hidden = !state.rows.length;
    none.hidden = state.rows.length > 0;
  };
  whole.update();
  return whole;
}

/** A region that scrolls sideways is reached by the keyboard; one that does not is no stop on the way. */
function stopWhereItScrolls(region, inside) {
  const observer = new ResizeObserver(() => {
    if (region.scrollWidth > region.clientWidth) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  });
  observer.observe(region);
  observer.observe(inside);
}

/** A link by the name that people gave to something: of whatever length, and in their direction of writing. */
export function named(href, name) {
  return h("a", { href, class: "name", dir: "auto", title: name.length > MUCH ? name : undefined }, name);
}

/**
 * What leafs through pages by cursor, without buttons where there is but one.
 * @param {{next?: string|null, previous?: string|null|true, onPage: Function, label?: *}} told a cursor that is null or
 *   left out: no such page; `onPage(cursor)`
 */
export function pager({ next, previous, onPage, label }) {
  const isOn = (cursor) => cursor !== null && cursor !== undefined && cursor !== false;
  const leaf = (name, cursor) => button(name, {
    small: true, disabled: !isOn(cursor), onClick: () => onPage(cursor), attributes: { "data-focus": `leaf ${name}` },
  });
  return h("nav", { class: "pager", "aria-label": "Pages" },
    h("span", { class: "quiet small", "aria-live": "polite" }, label),
    (isOn(previous) || isOn(next)) && h("div", { class: "row" }, leaf("Previous", previous), leaf("Next", next)));
}

/** Who has pressed a heading goes on from there. */
function drawHead(state, head, whole) {
  const by = head.contains(document.activeElement) ? document.activeElement.dataset.by : undefined;
  fill(head, header(state, whole));
  if (by) head.querySelector(`[data-by="${CSS.escape(by)}"]`)?.focus();
}

function header(state, whole) {
  const all = state.selection && h("th", { class: "pick", scope: "col", role: "columnheader" }, pickAll(state, whole));
  return h("tr", { role: "row" }, all,
    state.columns.map((column) => {
      const by = column.sort === true ? column.key : column.sort;
      const isBy = Boolean(by) && state.sort && state.sort.key === by;
      const order = isBy ? (state.sort.order === "asc" ? "ascending" : "descending") : undefined;
      return h("th", { scope: "col", role: "columnheader", class: shape(column), "aria-sort": order },
        by && state.onSort ? sorter(state, column, by, isBy)
          : column.label || h("span", { class: "hidden-text" }, "Actions"));
    }));
}

function sorter(state, column, by, isBy) {
  const next = isBy && state.sort.order === "asc" ? "desc" : "asc";
  const sign = isBy ? (state.sort.order === "asc" ? "↑" : "↓") : "↕";
  const given = { type: "button", class: ["sort", isBy && "on"], dataset: { by } };
  return h("button", { ...given, on: { click: () => state.onSort(by, next) } },
    column.label, h("span", { "aria-hidden": "true" }, sign));
}

function drawRows(state, body, whole) {
  const before = state.drawn;
  state.drawn = new Map();
  for (const row of state.rows) {
    const key = state.key(row);
    const text = JSON.stringify(row);
    const old = before.get(key);
    const kept = old && old.text === text;
    state.drawn.set(key ?? Symbol("row"), kept ? old : { text, element: line(state, row, whole) });
  }
  const wanted = [...state.drawn.values()].map(({ element }) => element);
  const isSame = wanted.length === body.children.length && wanted.every((each, at) => body.children[at] === each);
  if (!isSame) fill(body, wanted);
  if (state.selection) mark(state, whole);
}

function line(state, row, whole) {
  return h("tr", { role: "row" }, state.selection && h("td", { class: "pick", role: "cell" }, pick(state, row, whole)),
    state.columns.map((column) => {
      const inside = column.render ? column.render(row) : row[column.key];
      return h("td", { role: "cell", class: shape(column), dataset: { label: column.label || "" } }, inside);
    }));
}

function shape(column) {
  const { align, main, narrow } = column;
  return [align === "end" && "text-end", main && "main-cell", narrow === false && "wide-only", column.class];
}

function pick(state, row, whole) {
  const key = state.key(row);
  const label = state.selection.label ? state.selection.label(row) : row.name || key;
  const checked = state.selection.selected.has(key);
  const box = h("input", { type: "checkbox", "aria-label": `Select ${label}`, checked });
  box.dataset.pick = key;
  box.addEventListener("change", () => choose(state, whole, [key], box.checked));
  return box;
}

function pickAll(state, whole) {
  const box = h("input", { type: "checkbox", "aria-label": "Select all on this page", dataset: { all: "1" } });
  box.addEventListener("change", () => choose(state, whole, state.rows.map(state.key), box.checked));
  return box;
}

function choose(state, whole, keys, isOn) {
  const { selected, onChange } = state.selection;
  for (const key of keys) selected[isOn ? "add" : "delete"](key);
  mark(state, whole);
  if (onChange) onChange(selected);
}

function mark(state, whole) {
  const { selected } = state.selection;
  for (const box of whole.querySelectorAll("[data-pick]")) {
    box.checked = selected.has(box.dataset.pick);
    box.closest("tr").classList.toggle("picked", box.checked);
  }
  const here = state.rows.filter((row) => selected.has(state.key(row))).length;
  const all = whole.querySelector("[data-all]");
  all.checked = here > 0 && here === state.rows.length;
  all.indeterminate = here > 0 && here < state.rows.length;
}
