// One mail: what it says, how far it has come, and how each attempt went.

import { api, isAbort } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { duration, instant, moment } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button, busy, copyButton } from "../ui/button.js";
import { dialog } from "../ui/dialog.js";
import { form } from "../ui/form.js";
import { card, facts, failure, note, page as head, said } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { timeField } from "./email_form.js";
import { cancel, retry, throttled } from "./emails.js";

export const title = "Mail";

const [TO_COME, LEFT] = ["As it will be sent", "As it was to be sent"];
const SHOWN = { scheduled: TO_COME, sending: TO_COME, sent: "As it was sent", failed: LEFT, cancelled: LEFT };
const UNLOADED = "Pictures from elsewhere are not loaded: they would tell their server that somebody looks.";

export default async function page({ root, params, signal }) {
  const state = { id: params.id, root, signal, shown: null, part: null };
  const update = throttled(async () => draw(state, await read(state), reload), signal);
  const reload = () => follower.refresh();
  let follower = { refresh: update };
  const body = head(root, { title, back: back() });
  const begin = async () => {
    fill(body, skeleton("detail"));
    try {
      draw(state, await read(state), reload);
    } catch (error) {
      if (!isAbort(error)) fill(body, failure(error, begin));
    }
  };
  await begin();
  follower = follow(`jobs/${params.id}`, { onEvent: update }, signal);
}

const back = () => ({ label: "Emails", href: href("/emails") });

function read({ id, signal }) {
  return api.get(`emails/${encodeURIComponent(id)}`, {}, { signal });
}

/** Draws what is new. The preview stays where it is as long as the message does: a frame that is moved loads anew. */
function draw(state, mail, reload) {
  if (state.signal.aborted || JSON.stringify(mail) === state.shown) return;
  state.shown = JSON.stringify(mail);
  state.parts ||= parts(state);
  const { top, fault, sheet, side } = state.parts;
  const message = JSON.stringify([SHOWN[mail.status], mail.html, mail.body]);
  if (state.message !== message) fill(sheet, preview(state, mail));
  state.message = message;
  const hadFocus = state.root.contains(document.activeElement);
  const heading = h("span", { class: "row" }, mail.subject || "A mail that is no longer kept", badge(mail.status));
  head(top, { title: heading, back: back(), lead: lead(mail), actions: actions(mail, reload) });
  fill(fault, mail.error && note("bad", h("p", { class: "strong" }, "It could not be sent"),
    h("p", mail.error, " ", mail.error_code && chip(mail.error_code))));
  fill(side, envelope(mail), attempts(mail));
  document.title = `${mail.subject || title} · Tickwell`;
  if (hadFocus && !state.root.contains(document.activeElement)) top.querySelector("h1").focus({ preventScroll: true });
}

function parts({ root }) {
  const [top, sheet] = [h("div"), h("div")];
  const made = { top, sheet, fault: h("div", { class: "whole" }), side: h("div", { class: "stack" }) };
  fill(root, made.top, h("div", { class: "email" }, made.fault, made.sheet, made.side));
  return made;
}

function lead(mail) {
  const others = mail.to.length > 3 ? ` and ${mail.to.length - 3} more` : "";
  const to = `${mail.to.slice(0, 3).join(", ")}${others}`;
  const times = {
    scheduled: ["Goes out ", instant(mail.next_attempt_at || mail.scheduled_for, { relative: true })],
    sending: ["Is being sent"],
    sent: ["Sent ", instant(mail.sent_at, { relative: true })],
    failed: ["Was to go out ", instant(mail.scheduled_for)],
    cancelled: ["Was to go out ", instant(mail.scheduled_for)],
  };
  return [...times[mail.status], to && ` · to ${to}`];
}

function actions(mail, reload) {
  const made = [];
  if (session.can("member") && mail.status === "scheduled") {
    made.push(button("Another time", { icon: "clock", onClick: () => move(mail, reload) }),
      button("Cancel", { icon: "stop", kind: "danger", onClick: () => cancel(mail, reload) }));
  }
  if (session.can("member") && ["failed", "cancelled"].includes(mail.status)) {
    const again = button(mail.status === "failed" ? "Try again" : "Send after all", {
      icon: "refresh", kind: "primary", onClick: () => busy(again, () => retry(mail, reload)),
    });
    made.push(again);
  }
  made.push(button("Its job", { kind: "ghost", icon: "jobs", href: href(`/jobs/${mail.id}`) }));
  return made;
}

/** Asks for another time. */
function move(mail, reload) {
  const told = h("span");
  const opened = dialog({
    title: "Another time",
    content: form({
      submit: "Change", fields: [timeField(told, mail.scheduled_for)], cancel: { onClick: () => opened.close() },
      onSubmit: async ({ scheduled_for: at }) => {
        await api.patch(`jobs/${mail.id}`, { scheduled_time: at });
        opened.close();
        toast("It goes out then");
        reload();
      },
    }),
  });
}

function envelope(mail) {
  const listed = (texts) => (texts.length ? h("ul", { class: "plain" }, texts.map((each) => h("li", each))) : null);
  const id = mail.messageId && h("span", { class: "with-copy" },
    h("code", mail.messageId), copyButton(mail.messageId, { bare: true }));
  return card("Envelope", facts([
    ["To", listed(mail.to)], ["Cc", listed(mail.cc)], ["Bcc", listed(mail.bcc)], ["Reply to", listed(mail.reply_to)],
    ["From", mail.from],
    ["Scheduled for", mail.scheduled_for && instant(mail.scheduled_for)],
    ["Sent", mail.sent_at && moment(mail.sent_at)],
    ["By way of", mail.via],
    ["Attachments", listed(mail.attachments.map((each) => each.filename || each.file))],
    ["Message-ID", id],
    ["Tags", h("span", { class: "row" }, mail.tags.map((tag) => chip(tag)))],
  ]));
}

function attempts(mail) {
  if (!mail.attempts.length) return null;
  return card("Attempts", table({
    caption: "Attempts to send it",
    key: (attempt) => attempt.execution_id,
    columns: [
      { key: "number", label: "Attempt", main: true, render: attemptCell },
      { key: "started_at", label: "Began", render: (attempt) => instant(attempt.started_at) },
      { key: "took", label: "Took", class: "nowrap", render: took },
    ],
    rows: mail.attempts,
  }));
}

function attemptCell({ number, status, error_message: error }) {
  const how = h("span", `${number}. `, badge(status));
  return h("div", { class: "mail" }, how, error && h("span", { class: "small" }, error));
}

function took({ started_at: from, finished_at: to }) {
  return to ? duration(new Date(to) - new Date(from)) : h("span", { class: "quiet" }, "–");
}

/** The message in a frame that can do nothing, as HTML or as text. */
function preview(state, mail) {
  const frame = h("div", { class: "sheet" });
  const parts = mail.html === null ? [] : [["html", "HTML"], ["text", "Text"]];
  const buttons = parts.map(([part, label]) => button(label, {
    small: true, attributes: { "aria-pressed": "false", "data-part": part }, onClick: () => choose(part),
  }));
  const choose = (part) => {
    state.part = part;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.part === part));
    return open(state, frame, part);
  };
  const kept = mail.body || mail.html;
  if (kept) choose(state.part || (mail.html === null ? "text" : "html"));
  return h("section", { class: "card preview" },
    h("div", { class: "row between" }, h("h2", SHOWN[mail.status]),
      buttons.length > 0 && h("div", { class: "segments", role: "group", "aria-label": "Part of the mail" }, buttons)),
    kept ? frame : h("p", { class: "quiet" }, "The message is not kept any more."),
    kept && mail.html !== null && h("p", { class: "hint" }, UNLOADED));
}

/** The frame's address carries a ticket that opens this one page for some minutes, and nothing else. */
async function open(state, frame, part) {
  const arrived = () => frame.removeAttribute("aria-busy");
  frame.setAttribute("aria-busy", "true");
  try {
    const path = `emails/${state.id}/preview`;
    const { ticket } = await api.post("sse/tickets", { path }, { signal: state.signal });
    const source = new URL(`api/v1/${path}`, document.baseURI);
    source.search = new URLSearchParams({ part, ticket });
    source.hash = "";
    if (state.part === part) {
      fill(frame, h("iframe", {
        sandbox: "", src: source.href, title: "The mail", referrerpolicy: "no-referrer", on: { load: arrived },
      }));
    }
  } catch (error) {
    if (!state.signal.aborted) fill(frame, h("p", { class: "quiet" }, said(error)));
    arrived();
  }
}
