// A form for any JSON Schema as pydantic writes it, and its JSON beside it: nothing is lost from the one to the other.

import { fill, h } from "../lib/dom.js";
import { kind, parsed, plain, same } from "../lib/schema.js";
import { button } from "./button.js";
import { Editor, JsonEditor, KINDS, editor } from "./editor.js";
import { ObjectEditor, UnionEditor } from "./schema_groups.js";
import { ListEditor, MapEditor } from "./schema_lists.js";

Object.assign(KINDS, { list: ListEditor, map: MapEditor, object: ObjectEditor, union: UnionEditor });

/** The whole of a payload: its form, or its JSON, as one likes; what is typed in the one is there in the other. */
export class SchemaForm extends Editor {
  constructor(schema, place) {
    super(schema, { root: schema, required: true, ...place });
    this.room = h("div");
    this.form = this.made(this.value);
    this.hasForm = kind(plain(schema, schema)) !== "json";
    const choices = [["form", "Form"], ["json", "JSON"]];
    this.tabs = choices.map(([mode, label]) => button(label, { small: true, onClick: () => this.turn(mode) }));
    const named = { class: "segments", role: "group", "aria-label": "How to write the payload" };
    const segments = h("div", named, this.tabs);
    this.element = h("div", { class: "schema-form" }, this.hasForm && segments, this.room);
    this.show("form");
  }

  made(value) {
    const isForm = kind(plain(this.schema, this.schema)) === "object";
    return editor(this.schema, { name: this.name, label: this.label, value, root: this.schema, required: isForm,
      frameless: isForm });
  }

  turn(mode) {
    if (mode === this.mode) return;
    if (mode === "json") this.written = this.form.read();
    else {
      const found = this.text.control.value.trim() === "" ? {} : parsed(this.text.control.value);
      if ("fault" in found) return void this.text.fail(found.fault);
      if (!same(found.value, this.written)) this.form = this.made(found.value);
    }
    this.show(mode);
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show(mode) {
    this.mode = mode;
    if (mode === "json") {
      this.text = new JsonEditor({ description: this.schema.description },
        { name: this.name, label: `${this.label} as JSON`, value: this.written, rows: 10, required: true });
    }
    fill(this.room, this.inside().element);
    this.tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String((at === 1) === (mode === "json"))));
  }

  inside() {
    return this.mode === "json" ? this.text : this.form;
  }

  read() {
    return this.inside().read();
  }

  check() {
    return this.inside().check();
  }

  find(parts) {
    return this.inside().find(parts);
  }

  target() {
    return this.inside().target();
  }
}
