// Editors that have others inside: fields by name, and one of several kinds.

import { fill, h } from "../lib/dom.js";
import { bestChoice, choiceLabel, isObject, suits } from "../lib/schema.js";
import { button } from "./button.js";
import { Editor, editor } from "./editor.js";

const SHOWN_AT_FIRST = 6;

/** What has editors inside: a fieldset with a legend. */
export class Group extends Editor {
  group(...content) {
    const legend = h("legend", { class: this.bare && "hidden-text" }, this.label, this.optional());
    const shape = ["field wide group", this.bare && "bare"];
    this.element = this.control = h("fieldset", { class: shape, "aria-describedby": this.message.id },
      legend, this.hint(), content, this.message);
    this.element.addEventListener("input", () => this.touch());
  }

  /** The first field inside, or the button that adds one. */
  target() {
    return this.element.querySelector("input, select, textarea, button") || this.element;
  }

  /** The fields inside are right, each by itself. */
  mark() {}

  inner() {
    return [];
  }

  check() {
    const inside = this.inner().flatMap((one) => (one.hidden ? [] : one.check()));
    return inside.length ? inside : super.check();
  }

  within(schema, name, value, more) {
    return editor(schema, { name, value, root: this.root, deep: this.deep, required: false, ...more });
  }

  /** For what is not typed but pressed. */
  changed() {
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Fields by their names. What the schema does not know, but the value has, is shown as JSON. */
export class ObjectEditor extends Group {
  constructor(schema, place) {
    super(schema, place);
    this.children = new Map();
    this.body = h("div", { class: "fields" });
    if (this.frameless) {
      this.control = this.element = this.body;
      this.element.addEventListener("input", () => this.touch());
      this.open(this.value);
      return;
    }
    const optional = !this.required;
    const turn = (label, to, more) => optional && button(label, { small: true, onClick: () => this.turn(to), ...more,
      attributes: { "aria-label": `${label} ${this.label}` } });
    this.add = turn("Add", true, { icon: "plus" });
    this.remove = turn("Leave out", false, { icon: "close", kind: "ghost" });
    this.group(this.body, optional && h("div", this.add, this.remove));
    this.turn(this.required || isObject(this.value), false);
  }

  turn(present, told = true) {
    this.present = present;
    if (present && !this.children.size) this.open(this.value);
    this.body.hidden = !present;
    if (this.add) [this.add.hidden, this.remove.hidden] = [present, !present];
    if (!told) return;
    this.changed();
    (present ? this.inner()[0]?.target() || this.remove : this.add).focus();
  }

  open(value) {
    this.present = true;
    const { properties = {}, required = [] } = this.schema;
    for (const [name, schema] of Object.entries(properties)) {
      this.children.set(name, this.within(schema, name, value?.[name],
        { required: required.includes(name), known: isObject(value), quiet: this.quiet }));
    }
    const extra = Object.entries(value || {}).filter(([name]) => !Object.hasOwn(properties, name));
    const { additionalProperties: others } = this.schema;
    if (extra.length || others) {
      const schema = { type: "object", additionalProperties: others || {},
        description: others ? undefined : "The task does not know these" };
      const given = extra.length ? Object.fromEntries(extra) : undefined;
      this.extra = this.within(schema, "other", given, { label: "Other fields" });
    }
    fill(this.body, this.arranged(), this.extra?.element, this.frameless && this.message);
    this.refresh();
  }

  /** Behind a fold stands what the schema puts there by `fold`, and what is optional, and not said, in a long form. */
  arranged() {
    const all = [...this.children.values()];
    const late = this.flat ? [] : all.slice(SHOWN_AT_FIRST).filter((one) => !one.required && one.value === undefined);
    const parts = new Map([["", []]]);
    for (const one of all) {
      const fold = one.schema.fold || (late.length > 1 && late.includes(one) ? `More fields (${late.length})` : "");
      parts.set(fold, [...(parts.get(fold) || []), one]);
    }
    this.folds = [];
    return [...parts].map(([fold, inside]) => (fold ? this.fold(fold, inside) : inside.map((one) => one.element)));
  }

  fold(title, inside) {
    const open = inside.some(({ value, schema }) => value !== undefined && !schema.enum && value !== schema.default);
    const element = h("details", { class: "fold field wide", open }, h("summary", title),
      h("div", { class: "fields" }, inside.map((one) => one.element)));
    this.folds.push({ element, inside });
    return element;
  }

  /** Fields that go with what others say come and go (`when` in their schema). */
  refresh() {
    const read = (name) => this.children.get(name)?.read();
    for (const one of this.children.values()) {
      if (one.schema.when) one.element.hidden = one.hidden = !one.schema.when(read);
      one.refresh?.();
    }
    for (const { element, inside } of this.folds || []) element.hidden = inside.every((one) => one.hidden);
  }

  /** The names of the fields that are to be seen. */
  shown() {
    return [...this.children].filter(([, one]) => !one.hidden).map(([name]) => name);
  }

  shows(name) {
    return this.shown().includes(name);
  }

  touch() {
    super.touch();
    this.refresh();
  }

  current() {
    if (!this.present) return undefined;
    const found = {};
    for (const [name, child] of this.children) {
      const value = child.hidden ? undefined : child.read();
      if (value !== undefined) found[name] = value;
    }
    return { ...found, ...this.extra?.read() };
  }

  inner() {
    return this.present ? [...this.children.values(), ...(this.extra ? [this.extra] : [])] : [];
  }

  find(parts) {
    if (this.shows(parts[0])) return this.children.get(parts[0]).find(parts.slice(1));
    return parts.length && this.extra ? this.extra.find(parts) : super.find(parts);
  }
}

/** One of several kinds of value: which one, and then the value. */
export class UnionEditor extends Group {
  constructor(schema, place) {
    super(schema, place);
    const best = this.value === undefined ? undefined : bestChoice(schema.anyOf, this.value, this.root);
    const blank = !this.required && h("option", { value: "" }, "Left out");
    this.choice = h("select", { "aria-label": `Kind of ${this.label}` }, blank,
      schema.anyOf.map((one, at) => h("option", { value: at }, choiceLabel(one, this.root))));
    this.choice.value = best ? schema.anyOf.indexOf(best) : this.required ? "0" : "";
    this.body = h("div", { class: "fields" });
    this.group(this.choice, this.body);
    this.turn(this.value);
    this.choice.addEventListener("input", () => {
      const value = this.inside?.read();
      const choice = this.schema.anyOf[this.choice.value];
      this.turn(choice && suits(choice, value, this.root) ? value : undefined);
    });
  }

  turn(value) {
    const choice = this.schema.anyOf[this.choice.value];
    if (this.choice.value === "") this.inside = undefined;
    else {
      this.inside = this.within(choice, this.name, value,
        { label: choiceLabel(choice, this.root), bare: true, required: true });
    }
    fill(this.body, this.inside?.element);
  }

  current() {
    return this.inside?.read();
  }

  inner() {
    return this.inside ? [this.inside] : [];
  }

  /** Pydantic names the kind of a union's value in the path: the first part may be one. */
  find(parts) {
    if (!this.inside) return super.find(parts);
    const [found, rest] = this.inside.find(parts);
    return found === this.inside && rest.length > 1 ? this.inside.find(rest.slice(1)) : [found, rest];
  }
}
