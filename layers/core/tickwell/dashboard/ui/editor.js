// Fields for single values of a JSON Schema. Each knows the value it began with, and gives that until it is touched.

import { fill, h, newId } from "../lib/dom.js";
import { capital, fault, fits, kind, labelOf, limits, parsed, plain, same } from "../lib/schema.js";
import { icon } from "./icon.js";

const LONG = /^(body|html|text|prompt|message|description|content|query|sql|script|code|template|notes?|comment)$/;
const DEEPEST = 12;
const TYPES = { email: "email", uri: "url", date: "date", password: "password" };

/**
 * A field, or a group of them, for one value.
 *
 * `place`: {name, label?, required, root (the schema that `$ref` is looked up in), value (what it begins with),
 * bare (its label is for screen readers only)}.
 */
export class Editor {
  constructor(schema, place) {
    Object.assign(this, { schema, touched: false, hidden: false, narrow: schema.narrow, ...place });
    this.label = place.label ?? labelOf(this.name, place.title);
    this.id = newId("field");
    this.message = h("p", { class: "fault", id: `${this.id}-fault`, hidden: true });
  }

  /** The JSON value; undefined: left out. */
  read() {
    if (!this.touched && this.value !== undefined) return this.value;
    const value = this.current();
    return value === undefined && this.required && this.schema.nullable ? null : value;
  }

  /** What stands in the field now. */
  current() {
    return undefined;
  }

  /** Where an error at `parts` of the value belongs: [editor, the parts that no field is for]. */
  find(parts) {
    return [this, parts];
  }

  /** Shows what the API says of a part of this value; returns the editor that shows it. */
  report(parts, text) {
    const [editor, rest] = this.find(parts);
    editor.fail(rest.length ? `${rest.join(".")}: ${text}` : text);
    return editor;
  }

  fail(text) {
    fill(this.message, icon("alert"), h("span", text));
    this.message.hidden = false;
    this.mark(true);
    let fold = this.element;
    while ((fold = fold.parentElement?.closest("details"))) fold.open = true;
  }

  clear() {
    this.message.hidden = true;
    this.mark(false);
  }

  mark(isWrong) {
    this.element.classList.toggle("wrong", isWrong);
    if (isWrong) this.control.setAttribute("aria-invalid", "true");
    else this.control.removeAttribute("aria-invalid");
  }

  /** The fields at fault, each of which then says why. */
  check() {
    const value = this.read();
    const found = value === undefined ? (this.required ? "is required" : null) : this.wrong(value);
    if (found) this.fail(found);
    return found ? [this] : [];
  }

  wrong(value) {
    return fault(this.schema, value);
  }

  /** What takes the focus. */
  target() {
    return this.control;
  }

  touch() {
    this.touched = true;
    this.clear();
  }

  /** The control with label, hint and room for an error. `also` stands beside the control. */
  framed(control, also) {
    this.control = control;
    const hint = this.hint();
    control.id = this.id;
    control.setAttribute("aria-describedby", [hint?.id, this.message.id].filter(Boolean).join(" "));
    if (this.required) control.setAttribute("aria-required", "true");
    this.element = h("div", { class: ["field", !this.narrow && "wide"] }, this.labelled(),
      this.beside(control, also), hint, this.message);
    this.element.addEventListener("input", () => this.touch());
    return this.element;
  }

  beside(control, also) {
    return also ? h("div", { class: "beside" }, control, also) : control;
  }

  labelled() {
    return h("label", { for: this.id, class: this.bare && "hidden-text" }, this.label, this.optional());
  }

  optional() {
    return this.required || this.bare || this.quiet ? null : h("span", { class: "optional" }, "optional");
  }

  hint() {
    const { description } = this.schema;
    const bounds = this.bounds();
    const shown = description ? [description, bounds].filter(Boolean).join(" · ") : capital(bounds);
    return shown && !this.bare ? h("p", { class: "hint", id: `${this.id}-hint` }, shown) : null;
  }

  bounds() {
    return limits(this.schema);
  }

  placeholder() {
    const { default: preset, examples } = this.schema;
    if (preset !== undefined && preset !== null && typeof preset !== "object" && preset !== "") return String(preset);
    return examples?.length && typeof examples[0] !== "object" ? `for example ${examples[0]}` : undefined;
  }
}

export class TextEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    const value = this.value ?? "";
    this.long = (LONG.test(this.name) && (schema.maxLength ?? Infinity) > 300) || value.includes("\n");
    const attributes = { name: this.name, placeholder: this.placeholder(), autocomplete: "off",
      spellcheck: this.long && this.name !== "html" ? undefined : "false" };
    const type = schema.writeOnly ? "password" : TYPES[schema.format] || "text";
    this.framed(this.long ? h("textarea", { ...attributes, rows: schema.rows || 4 })
      : h("input", { ...attributes, type }));
    this.control.value = value;
  }

  current() {
    return this.control.value === "" ? undefined : this.control.value;
  }
}

export class NumberEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.narrow = true;
    const inputmode = schema.type === "integer" && (schema.minimum ?? 0) >= 0 ? "numeric" : "text";
    this.framed(h("input", { name: this.name, type: "text", inputmode, autocomplete: "off",
      placeholder: this.placeholder() }));
    this.control.value = this.shown(this.value) ?? "";
  }

  shown(value) {
    return value;
  }

  /** What is no number stays the text that it is, for `wrong` to see. */
  current() {
    const text = this.control.value.trim();
    if (text === "") return undefined;
    return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
  }

  wrong(value) {
    return value === null || Number.isFinite(value) ? fault(this.schema, value) : "must be a number";
  }
}

export class FlagEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.narrow = true;
    const control = h("input", { type: "checkbox", name: this.name });
    control.checked = this.value ?? schema.default ?? false;
    this.framed(control);
  }

  labelled() {
    return h("label", { class: "check" }, this.control, h("span", this.label));
  }

  /** It stands in its label. */
  beside() {
    return null;
  }

  /** Left out until somebody says something; where the field is required, the empty box is an answer. */
  current() {
    return this.touched || this.required ? this.control.checked : undefined;
  }
}

export class ChoiceEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.narrow = !schema.wide;
    this.options = (schema.enum || [true, false]).filter((one) => one !== null);
    const preset = schema.none ?? ((schema.default ?? null) === null ? "–" : `Default: ${shown(schema.default)}`);
    const blank = h("option", { value: "", disabled: this.required }, this.required ? "Choose…" : preset);
    this.framed(h("select", { name: this.name }, blank, this.options.map((one, at) =>
      h("option", { value: at }, schema.labels?.[one] ?? shown(one)))));
    const at = this.options.findIndex((one) => same(one, this.value));
    this.control.value = at < 0 ? "" : String(at);
  }

  current() {
    return this.control.value === "" ? undefined : this.options[Number(this.control.value)];
  }
}

function shown(value) {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value that is always the same one: nothing to see, but it goes along. */
export class ConstantEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.control = this.element = h("div", { hidden: true });
  }

  current() {
    return this.known ? undefined : this.schema.const;
  }
}

/** Any JSON, as text. */
export class JsonEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    const rows = this.rows || 3;
    this.framed(h("textarea", { name: this.name, class: "mono", rows, spellcheck: "false", autocomplete: "off",
      placeholder: this.bare ? undefined : '{"any": "JSON"}' }));
    this.control.value = this.value === undefined ? "" : JSON.stringify(this.value, null, 2);
    this.grow();
    this.element.addEventListener("input", () => this.grow());
  }

  grow() {
    this.control.rows = Math.min(24, Math.max(this.rows || 3, this.control.value.split("\n").length + 1));
  }

  /** What cannot be read stays the text that it is: `check` refuses it before it goes anywhere. */
  current() {
    const text = this.control.value;
    if (text.trim() === "") return undefined;
    const found = parsed(text);
    return "fault" in found ? text : found.value;
  }

  wrong() {
    const text = this.touched ? this.control.value.trim() : "";
    return text === "" ? null : parsed(text).fault ?? null;
  }

  hint() {
    return super.hint() || (this.bare ? null : h("p", { class: "hint", id: `${this.id}-hint` }, "Any JSON value"));
  }
}

/** Which class shows which kind of value; ui/schema_form.js adds those that have others inside. */
export const KINDS = {
  constant: ConstantEditor, choice: ChoiceEditor, text: TextEditor, number: NumberEditor, json: JsonEditor,
  flag: FlagEditor,
};

/** The editor for a value of `schema`; see `Editor` for `place`. A schema may name a class of its own as `editor`. */
export function editor(schema, place) {
  const found = plain(schema, place.root);
  const deep = (place.deep || 0) + 1;
  const given = { ...place, deep, title: schema.title };
  const isShown = place.value === undefined || found.editor || fits(found, place.value, place.root);
  if (!isShown || deep > DEEPEST) return new JsonEditor({ description: found.description }, given);
  const isOpen = kind(found) === "flag" && (found.nullable || (!place.required && found.default === undefined));
  return new (found.editor || (isOpen ? ChoiceEditor : KINDS[kind(found)]))(found, given);
}
