// The form of a job: what it says, what is sent for it, and where the API's complaints go.

import { ApiError, api, isAbort, isEnd, newKey } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href, navigate } from "../lib/router.js";
import { fits, isInexact, plain, same } from "../lib/schema.js";
import { session } from "../lib/session.js";
import { isZone } from "../lib/zoned.js";
import { busy, button } from "./button.js";
import { confirm } from "./dialog.js";
import { editor } from "./editor.js";
import { icon } from "./icon.js";
import { aboutSchema, howSchema, whenSchema } from "./job_fields.js";
import { changesOf, fieldsOf, valuesOf, valuesOfCopy } from "./job_values.js";
import { card, note, requestId, said } from "./page.js";
import { SchedulePreview } from "./schedule_preview.js";
import { SchemaForm } from "./schema_form.js";
import { toast } from "./toast.js";

const ENDED = ["completed", "failed", "cancelled"];

export class JobForm {
  constructor({ tasks, queues, job, isNew, wanted }) {
    Object.assign(this, { tasks, queues, job, isNew, key: newKey() });
    this.hasEnded = !isNew && ENDED.includes(job.status);
    const task = this.taskOf(job?.task || wanted);
    const taken = job && (isNew ? valuesOfCopy(job, task) : valuesOf(job));
    const values = taken || { about: {}, when: { mode: "now" }, how: {} };
    if (isNew && task) values.about.task = task.name;
    this.payloads = new Map();
    this.fields(values, task);
    this.draw();
    this.initial = this.read();
  }

  taskOf(name) {
    return this.tasks.find((one) => one.name === name);
  }

  fields({ about, when, how, payload }, task) {
    this.about = section(aboutSchema(this.isNew ? this.tasks : null), about);
    if (this.job && when.timezone === undefined) when.timezone = when.mode === "every" ? undefined : session.zone;
    if (!this.job) when.timezone = session.zone;
    this.when = section(whenSchema(() => this.zone(when.timezone)), when);
    this.preview = new SchedulePreview({ onFault: (details) => {
      for (const one of this.when.children.values()) one.clear();
      return this.faults(details, [this.when]).first !== null;
    } });
    this.taskFields(task, how, payload);
  }

  /** What depends on the task: the payload, and what holds where the job says nothing. */
  taskFields(task, how, payload) {
    this.task = task;
    const isOther = how.queue && this.queues?.every((one) => one.name !== how.queue);
    const queues = isOther ? [...this.queues, { name: how.queue }] : this.queues;
    const schema = howSchema({ queues, task, recurring: () => this.recurs(), isNew: this.isNew });
    if (this.hasEnded) for (const name of ["queue", "priority"]) delete schema.properties[name];
    this.how = section(schema, how);
    const place = { name: "payload", label: "Payload", value: payload };
    this.payload = task || this.job ? new SchemaForm(task?.payload_schema || {}, place) : null;
  }

  zone(initial) {
    const typed = this.when ? this.when.children.get("timezone").read() : initial;
    return isZone(typed) ? typed : session.zone;
  }

  recurs() {
    return ["cron", "every"].includes(this.when.children.get("mode").read());
  }

  draw() {
    this.top = h("div", { class: "alert bad", role: "alert", hidden: true });
    this.send = button(this.isNew ? "Create job" : "Save changes", { kind: "primary", attributes: { type: "submit" } });
    this.status = h("span", { class: "quiet small", role: "status" });
    this.payloadRoom = h("div");
    this.howRoom = h("div");
    const back = this.job && !this.isNew ? href(`/jobs/${this.job.id}`) : href("/jobs");
    const task = !this.isNew && h("p", { class: "quiet" }, "Task ", h("code", this.job.task));
    const advanced = h("summary", h("h2", "Advanced"),
      h("span", { class: "quiet small" }, "queue, retries, time limit, failures"));
    this.element = h("form", { class: "form job-form", novalidate: true }, this.top,
      card("What", task, this.about.element), this.payloadRoom, this.whenCard(),
      h("details", { class: "card" }, advanced, this.howRoom),
      h("div", { class: "bottom-bar" }, this.send, button("Cancel", { href: back }), this.status));
    this.drawTask();
    this.follow();
  }

  follow() {
    this.element.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.about.children.get("task")?.element.addEventListener("input", () => this.turn());
    this.when.element.addEventListener("input", () => {
      this.how.refresh();
      this.preview.update(this.when.read(), this.signal);
    });
    this.element.addEventListener("input", () => {
      const isDirty = this.isDirty();
      this.status.textContent = isDirty ? "Not saved" : "";
      this.element.toggleAttribute("data-typed", isDirty);
    });
  }

  whenCard() {
    this.when.element.classList.add("when");
    this.when.children.get("timezone").element.after(this.preview.element);
    if (!this.hasEnded) return card("When", this.when.element);
    const another = h("a", { href: href("/jobs/new", { from: this.job.id }) }, "make another one after it");
    return card("When", note("info",
      h("p", `This job is ${this.job.status}. To run it again, retry it on its page, or `, another, ".")));
  }

  drawTask() {
    const summary = h("p", { class: "quiet" }, this.task?.summary ?? `Nobody here knows the task ${this.job?.task}.`);
    fill(this.payloadRoom, this.payload && card("Payload", summary, this.payload.element));
    fill(this.howRoom, this.how.element);
  }

  /** Another task: what was typed for this one is kept, and what both know goes along. */
  turn() {
    const task = this.taskOf(this.about.children.get("task").read());
    if (!task || task === this.task) return;
    const before = this.payload?.read();
    if (this.task) this.payloads.set(this.task.name, before);
    const { properties = {} } = task.payload_schema;
    const shared = Object.entries(before && typeof before === "object" ? before : {}).filter(([name, value]) =>
      Object.hasOwn(properties, name)
        && fits(plain(properties[name], task.payload_schema), value, task.payload_schema));
    const carried = shared.length ? Object.fromEntries(shared) : undefined;
    this.taskFields(task, this.how.read(), this.payloads.get(task.name) ?? carried);
    this.drawTask();
  }

  /** Goes on with the page of `signal`. */
  begin(signal) {
    this.signal = signal;
    if (!this.hasEnded) this.preview.update(this.when.read(), signal);
  }

  read() {
    const when = this.hasEnded ? {} : this.when.read();
    const shown = this.sections().flatMap((one) => (one === this.payload ? ["payload"] : one.shown()));
    const payload = this.payload?.read();
    return { about: this.about.read(), when, how: this.how.read(), payload, shown: new Set(shown) };
  }

  sections() {
    return [this.about, this.payload, !this.hasEnded && this.when, this.how].filter(Boolean);
  }

  isDirty() {
    const { shown, ...now } = this.read();
    return !this.isDone && !Object.entries(now).every(([name, value]) => same(value, this.initial[name]));
  }

  async submit() {
    this.top.hidden = true;
    const wrong = this.sections().flatMap((one) => one.check());
    if (wrong.length) return wrong[0].target().focus();
    await busy(this.send, async () => {
      try {
        await (this.isNew ? this.create() : this.save());
      } catch (error) {
        if (!isAbort(error) && !isEnd(error)) this.show(error);
      }
    });
  }

  async create() {
    const { key, ...body } = fieldsOf(this.read());
    if (isInexact(body.payload)) throw inexact();
    if (key !== undefined && await this.isTaken(key)) return;
    const path = key === undefined ? null : `jobs/by-key/${key.split("/").map(encodeURIComponent).join("/")}`;
    const job = path ? await api.put(path, body) : await api.post("jobs", body, { idempotencyKey: this.key });
    this.done(job, "The job is created");
  }

  /** A key that has a job would change that job. */
  async isTaken(key) {
    try {
      const job = await api.get(`jobs/by-key/${key.split("/").map(encodeURIComponent).join("/")}`);
      this.how.report(["key"], `is the key of the job ${job.name} already`).target().focus();
      return true;
    } catch (error) {
      if (error.status === 404) return false;
      throw error;
    }
  }

  async save() {
    const changes = changesOf(this.initial, this.read());
    if (!Object.keys(changes).length) return this.done(this.job, "Nothing was changed");
    if ("payload" in changes && isInexact(changes.payload)) throw inexact();
    if (!(await this.isMine(Object.keys(changes)))) return;
    this.done(await api.patch(`jobs/${this.job.id}`, changes), "The job is saved");
  }

  /** Whether nobody else has changed the same fields since the form was opened; if so, who saves decides. */
  async isMine(names) {
    const now = await api.get(`jobs/${this.job.id}`);
    const theirs = names.filter((name) => !same(now[name] ?? null, this.job[name] ?? null));
    if (!theirs.length) return true;
    return confirm({ title: "Somebody else changed this job", action: "Save mine",
      text: [`Since you opened it, ${theirs.join(", ")} became something else. Save yours over it, or cancel and `,
        h("a", { href: href(`/jobs/${this.job.id}`), target: "_blank" }, "look at the job"), " first."] });
  }

  done(job, text) {
    this.isDone = true;
    toast(text);
    navigate(`/jobs/${job.id}`);
  }

  /** What is wrong beside the fields that it is about: {first: the first of these fields, rest: what none is for}. */
  faults(details, sections) {
    const rest = [];
    let first = null;
    for (const detail of details) {
      const [name, ...parts] = detail.field.split(".");
      const section = sections.find((one) => one.shows?.(name));
      const found = name === "payload" && sections.includes(this.payload) ? this.payload.report(parts, detail.message)
        : section?.report([name, ...parts], detail.message);
      if (found) first ??= found;
      else rest.push(detail);
    }
    return { first, rest };
  }

  show(error) {
    if (!(error instanceof ApiError)) console.error(error);
    const { first, rest } = this.faults(error.details || [], this.sections());
    if (!first || rest.length) {
      const each = rest.map(({ field, message }) => h("li", h("code", field), ` ${message}`));
      const isMade = error.code === "IDEMPOTENCY_CONFLICT";
      const made = "What you sent before has made a job, though no answer came. It is in the list of jobs.";
      const lines = each.length ? h("ul", each) : h("p", isMade ? made : said(error));
      const again = isMade && button("Create this one as well", { small: true, onClick: () => this.again() });
      fill(this.top, icon("alert"), h("div", { class: "stack" }, lines, again, requestId(error)));
      this.top.hidden = false;
      this.top.scrollIntoView({ block: "center" });
    }
    first?.target().focus();
  }

  /** What was pressed before has made a job; this is to be another one. */
  again() {
    this.key = newKey();
    this.submit();
  }
}

function section(schema, value) {
  return editor(schema, { name: "job", value, root: schema, required: true, frameless: true, flat: true, quiet: true });
}

function inexact() {
  const message = "holds a whole number that is too large for a browser to keep exactly; use the API for it";
  return new ApiError({ status: 422, code: "INEXACT", message, details: [{ field: "payload", message }] });
}
