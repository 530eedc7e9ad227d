// Editors for as many values as one likes: lists, and names with values.

import { h } from "../lib/dom.js";
import { isObject, kind, plain } from "../lib/schema.js";
import { button } from "./button.js";
import { Editor, TextEditor, editor } from "./editor.js";
import { Group } from "./schema_groups.js";

/** Something of a kind, again and again. */
export class ListEditor extends Group {
  constructor(schema, place) {
    super(schema, place);
    this.rows = [];
    this.list = h("ul", { class: "rows" });
    this.add = button("Add", { icon: "plus", small: true, onClick: () => this.insert().target().focus(),
      attributes: { "aria-label": `Add to ${this.label}` } });
    this.group(this.list, h("div", this.add));
    this.element.classList.add("many");
    for (const value of this.begin()) this.insert(value, false);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("paste", (event) => this.paste(event));
  }

  begin() {
    return this.value === undefined && this.required ? [undefined] : [this.value ?? []].flat();
  }

  insert(value, told = true) {
    const inside = this.rowEditor(value);
    const away = button(`Remove ${inside.label}`, { icon: "close", kind: "ghost", small: true, bare: true,
      onClick: () => this.drop(row) });
    const row = { inside, element: h("li", { class: "row-of" }, inside.element, away) };
    this.rows.push(row);
    this.list.append(row.element);
    if (told) this.changed();
    return inside;
  }

  rowEditor(value) {
    const items = plain(this.schema.items, this.root);
    return this.within(items, this.name, value, { label: `${this.label} ${this.rows.length + 1}`, bare: true,
      required: ["object", "union"].includes(kind(items)) });
  }

  drop(row) {
    const at = this.rows.indexOf(row);
    this.rows.splice(at, 1);
    row.element.remove();
    this.changed();
    (this.rows[Math.max(0, at - 1)]?.inside.target() || this.add).focus();
  }

  /** Enter in a line of text goes on with the next line; Backspace in an empty one takes it away. */
  key(event) {
    const row = this.rows.find((one) => one.inside.control === event.target);
    if (!row || event.target.tagName !== "INPUT" || event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      (this.rows[this.rows.indexOf(row) + 1]?.inside || this.insert()).target().focus();
    } else if (event.key === "Backspace" && row.inside.read() === undefined && this.rows.length > 1) {
      event.preventDefault();
      this.drop(row);
    }
  }

  /** Several lines, or addresses with commas, become several rows. */
  paste(event) {
    const row = this.rows.find((one) => one.inside instanceof TextEditor && one.inside.control === event.target);
    const text = event.clipboardData?.getData("text") || "";
    const texts = text.split(/[\n,;]+/).map((one) => one.trim()).filter(Boolean);
    if (!row || event.target.tagName !== "INPUT" || event.target.value || texts.length < 2) return;
    event.preventDefault();
    this.drop(row);
    for (const one of texts) this.insert(one);
    this.rows.at(-1).inside.target().focus();
  }

  filled() {
    return this.rows.filter(({ inside }) => inside.read() !== undefined);
  }

  current() {
    const values = this.filled().map(({ inside }) => inside.read());
    return values.length || this.isEmpty() ? values : undefined;
  }

  /** Where something is required an empty list is an answer, once its last row is taken away. */
  isEmpty() {
    return this.required && this.rows.length === 0;
  }

  inner() {
    return this.rows.map(({ inside }) => inside);
  }

  find(parts) {
    const row = this.filled()[Number(parts[0])];
    return row ? row.inside.find(parts.slice(1)) : super.find(parts);
  }
}

/** Names and values. */
export class MapEditor extends ListEditor {
  begin() {
    return Object.entries(this.value || {});
  }

  rowEditor([name, value] = ["", undefined]) {
    const { additionalProperties: values } = this.schema;
    return new Pair({}, { name: this.name, pair: [name, isObject(values) ? values : {}, value], root: this.root,
      label: `${this.label} ${this.rows.length + 1}`, deep: this.deep });
  }

  current() {
    const named = this.filled().map(({ inside }) => inside.read());
    return named.length || this.isEmpty() ? Object.fromEntries(named) : undefined;
  }

  find(parts) {
    const row = this.rows.find(({ inside }) => inside.naming.value === parts[0]);
    return row ? row.inside.inside.find(parts.slice(1)) : Editor.prototype.find.call(this, parts);
  }

  check() {
    const names = this.filled().map(({ inside }) => inside.naming.value);
    const twice = this.rows.find(({ inside }, at) => names.indexOf(inside.naming.value) < at && inside.naming.value);
    if (twice) twice.inside.fail("stands here twice");
    return twice ? [twice.inside] : super.check();
  }
}

/** One name with its value. */
class Pair extends Editor {
  constructor(schema, place) {
    super(schema, place);
    const [name, values, value] = this.pair;
    this.naming = h("input", { type: "text", "aria-label": `Name of ${this.label}`, placeholder: "Name",
      autocomplete: "off", spellcheck: "false" });
    this.naming.value = name;
    this.control = this.naming;
    this.inside = editor(values, { name: "value", label: `Value of ${this.label}`, bare: true, value, root: this.root,
      deep: this.deep, required: true });
    this.element = h("div", { class: "pair" }, this.naming, this.inside.element, this.message);
    this.naming.addEventListener("input", () => this.touch());
  }

  read() {
    const value = this.inside.read();
    return this.naming.value === "" && value === undefined ? undefined : [this.naming.value, value];
  }

  check() {
    if (this.read() === undefined) return [];
    if (this.naming.value !== "") return this.inside.check();
    this.fail("needs a name");
    return [this];
  }
}
