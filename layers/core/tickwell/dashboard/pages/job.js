// One job: what it is, what it is doing now, what it has been through, and what can be done with it.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { href, navigate } from "../lib/router.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { menu } from "../ui/menu.js";
import { load, page as head } from "../ui/page.js";
import { ACTIONS, act, duplicateHref, editHref, mayChange, possible } from "./job_actions.js";
import { historyCard } from "./job_history.js";
import { extraRun, nowCard } from "./job_now.js";
import { detailsCard, part, payloadCard, resultCard, scheduleCard, statisticsCard } from "./job_parts.js";

const FOREMOST = ["retry", "resume", "pause", "execute", "cancel"];
const BUTTONS = 2;

export const title = "Job";

/** The page. */
export default async function job({ root, params, signal }) {
  const path = `jobs/${encodeURIComponent(params.id)}`;
  const body = head(root, { title: "Job", back: { label: "Jobs", href: href("/jobs") } });
  await load(body, "detail", async () => {
    const view = new View(root, await api.get(path, undefined, { signal }), path, signal);
    return view.content;
  });
}

class View {
  constructor(root, found, path, signal) {
    Object.assign(this, { path, signal, job: found });
    document.title = `${found.name} · Tickwell`;
    this.extras = h("div", { class: "extras stack" });
    const main = [nowCard(), historyCard(found, signal), resultCard(signal), payloadCard()];
    const beside = [scheduleCard(signal), statisticsCard(), detailsCard()];
    this.parts = [...this.frame(root), ...main, ...beside];
    this.content = h("div", { class: "job-page" },
      h("div", { class: "stack" }, main[0], this.extras, main.slice(1)), h("div", { class: "stack" }, beside));
    this.update(found);
    this.live = follow(path, { onEvent: (name, data) => this.update(data) }, signal);
  }

  /** The head of the page, as it changes with the job. */
  frame(root) {
    const heading = root.querySelector("h1");
    const head = root.querySelector(".page-head");
    const lead = h("div", { class: "lead" });
    const actions = h("div", { class: "row" });
    head.querySelector(".title").append(lead);
    head.append(actions);
    return [
      part((job) => job.name, (job) => job.name, heading),
      part((job) => [job.state, job.task, job.queue, job.tags, job.description], leadOf, lead),
      part((job) => [job.status, job.state, job.job_type], () => this.actions(), actions),
    ];
  }

  update(found) {
    this.job = found;
    for (const each of this.parts) each.update(found);
  }

  async refresh() {
    try {
      this.update(await api.get(this.path, undefined, { signal: this.signal }));
    } catch {
      // what is shown stays; the stream tells what is new
    }
    this.live.refresh(); // what it has told meanwhile may be newer than the answer, or than what was shown since
  }

  actions() {
    if (!mayChange()) return null;
    const can = possible(this.job);
    const isOnce = this.job.job_type === "one-time";
    const shown = FOREMOST.filter((name) => can.includes(name) && !(name === "execute" && isOnce)).slice(0, BUTTONS);
    const others = can.filter((name) => !shown.includes(name));
    return [shown.map((name) => button(labelOf(name, this.job), {
      icon: ACTIONS[name].icon, onClick: () => this.act(name),
      kind: name === "resume" || this.job.status === "failed" ? "primary" : ACTIONS[name].danger && "danger",
    })), menu({ label: "More actions", items: [
      this.job.status !== "deleted" && { label: "Edit", icon: "edit", href: editHref(this.job) },
      { label: "Duplicate", icon: "copy", href: duplicateHref(this.job) },
      ...others.map((name) => ({ ...ACTIONS[name], onClick: () => this.act(name) })),
    ] })];
  }

  async act(name) {
    const answer = await act(name, this.job, (changes) => this.update({ ...this.job, ...changes }));
    if (name === "delete" && answer !== null) {
      navigate("/jobs");
      return;
    }
    if (name === "execute" && answer !== null) {
      this.extras.prepend(extraRun(answer.child_id, { onEnd: () => this.refresh() }, this.signal));
    }
    await this.refresh();
  }
}

function labelOf(name, job) {
  return name === "retry" && job.status !== "failed" ? "Run again" : ACTIONS[name].label;
}

function leadOf(job) {
  const link = (name, text) => chip(text, { href: href("/jobs", { [name]: text }), title: `Jobs with this ${name}` });
  return [h("div", { class: "row" }, badge(job.state), link("task", job.task), link("queue", job.queue),
    job.tags.map((tag) => link("tag", tag))),
  job.description && h("p", job.description)];
}
