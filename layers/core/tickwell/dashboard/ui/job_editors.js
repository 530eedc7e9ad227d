// Fields that jobs have and payloads have not: instants in a zone, spans of time, cron expressions, lists in one line.

import { fill, h } from "../lib/dom.js";
import { fault } from "../lib/schema.js";
import { fromNow, plain } from "../lib/time.js";
import { instantOf, isZone, localTime, zones } from "../lib/zoned.js";
import { Editor, NumberEditor, TextEditor } from "./editor.js";

/** One of a few, all of them shown. */
export class SegmentsEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.boxes = schema.enum.map((one) =>
      h("input", { type: "radio", name: this.id, value: one, checked: one === this.value }));
    const labels = this.boxes.map((box) => h("label", box, h("span", schema.labels[box.value])));
    this.element = this.control = h("fieldset", { class: "field wide" },
      h("legend", { class: "hidden-text" }, this.label), h("div", { class: "segments" }, labels), this.message);
    this.element.addEventListener("input", () => this.touch());
  }

  current() {
    return this.boxes.find((box) => box.checked)?.value;
  }
}

/** An instant, typed as the local time of the zone that `schema.zone()` gives. */
export class InstantEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.narrow = true;
    this.note = h("p", { class: "hint" });
    this.framed(h("input", { type: "datetime-local", name: this.name, step: 1, max: "2199-12-31T23:59:59" }));
    this.element.insertBefore(this.note, this.message);
    this.refresh();
  }

  current() {
    const { value } = this.control;
    return value === "" ? undefined : instantOf(value, this.schema.zone())?.at.toISOString();
  }

  /** What was there before keeps its instant when the zone changes; what was typed keeps its local time. */
  refresh() {
    const zone = this.schema.zone();
    if (!this.touched && this.value) this.control.value = localTime(this.value, zone);
    const found = this.control.value && instantOf(this.control.value, zone);
    fill(this.note, found && `${plain(found.at)} your time, ${fromNow(found.at)}. ${found.note}`);
    this.note.hidden = !found;
  }
}

const UNITS = [[1, "seconds"], [60, "minutes"], [3600, "hours"], [86400, "days"]];

/** Seconds, in the unit that one likes. */
export class SecondsEditor extends NumberEditor {
  framed(control) {
    const preset = this.value ?? this.schema.default ?? this.schema.unit ?? 60;
    const fitting = UNITS.findLast(([size]) => preset % size === 0) || UNITS[0];
    this.unit = h("select", { "aria-label": `Unit of ${this.label}` },
      UNITS.map(([size, name]) => h("option", { value: size }, name)));
    this.unit.value = fitting[0];
    if (this.schema.default) control.placeholder = String(this.schema.default / fitting[0]);
    return super.framed(control, this.unit);
  }

  shown(value) {
    return value === undefined || value === null ? value : value / Number(this.unit.value);
  }

  bounds() {
    const { minimum, maximum } = this.schema;
    const parts = [minimum > 1 && `at least ${spanOf(minimum)}`, maximum && `at most ${spanOf(maximum)}`];
    return parts.filter(Boolean).join(", ");
  }

  wrong(value) {
    const found = super.wrong(value);
    return found && this.bounds() ? `must be ${this.bounds()}` : found;
  }

  current() {
    const value = super.current();
    return typeof value === "number" ? Math.round(value * Number(this.unit.value) * 1000) / 1000 : value;
  }
}

function spanOf(seconds) {
  const [size, name] = UNITS.findLast(([each]) => seconds % each === 0);
  return `${seconds / size} ${seconds === size ? name.slice(0, -1) : name}`;
}

/** Several texts or numbers in one line, with commas between them. */
export class SeveralEditor extends Editor {
  constructor(schema, place) {
    super(schema, place);
    this.framed(h("input", { type: "text", name: this.name, placeholder: this.placeholder(), autocomplete: "off",
      spellcheck: "false" }));
    this.control.value = (this.value || []).join(", ");
  }

  current() {
    const texts = this.control.value.split(",").map((one) => one.trim()).filter(Boolean);
    if (!texts.length) return undefined;
    if (this.schema.items.type === "string") return texts;
    return texts.map((one) => (Number.isNaN(Number(one)) ? one : Number(one)));
  }

  wrong(value) {
    const isNumeric = this.schema.items.type !== "string";
    if (isNumeric && value.some((one) => typeof one !== "number")) return "must be numbers with commas between them";
    return fault(this.schema, value) || value.map((one) => fault(this.schema.items, one)).find(Boolean) || null;
  }
}

export class ZoneEditor extends TextEditor {
  constructor(schema, place) {
    super(schema, place);
    const id = `${this.id}-zones`;
    this.control.setAttribute("list", id);
    this.control.placeholder = "Europe/Berlin";
    this.element.append(h("datalist", { id }, zones().map((name) => h("option", { value: name }))));
  }

  wrong(value) {
    return isZone(value) ? null : "is not a time zone, such as Europe/Berlin";
  }
}

const PRESETS = [["*/15 * * * *", "Every 15 min"], ["0 * * * *", "Hourly"], ["0 9 * * *", "Daily 9:00"],
  ["0 9 * * 1-5", "Weekdays 9:00"], ["0 8 * * 1", "Mondays 8:00"], ["0 6 1 * *", "1st of month"],
  ["0 18 L * *", "Last of month"]];
const PARTS = ["minute", "hour", "day", "month", "weekday", "second"];

/** A cron expression: common ones by a press, and which part one is in. */
export class CronEditor extends TextEditor {
  constructor(schema, place) {
    super(schema, place);
    this.control.classList.add("mono");
    this.parts = h("div", { class: "cron-parts", "aria-hidden": "true" }, PARTS.map((name) => h("span", name)));
    const presets = PRESETS.map(([text, label]) =>
      h("button", { type: "button", class: "chip", title: text, on: { click: () => this.put(text) } }, label));
    const common = h("div", { class: "row", role: "group", "aria-label": "Common expressions" }, presets);
    this.control.after(this.parts, common);
    for (const event of ["keyup", "click", "focus", "blur"]) this.control.addEventListener(event, () => this.refresh());
    this.refresh();
  }

  put(text) {
    this.control.value = text;
    this.control.dispatchEvent(new Event("input", { bubbles: true }));
    this.control.focus();
  }

  refresh() {
    const before = this.control.value.slice(0, this.control.selectionStart ?? 0).trimStart();
    const at = before.split(/\s+/).length - 1;
    const count = this.control.value.trim().split(/\s+/).length;
    [...this.parts.children].forEach((part, each) => {
      part.classList.toggle("on", each === at && document.activeElement === this.control);
      part.hidden = each === 5 && count < 6;
    });
  }
}
