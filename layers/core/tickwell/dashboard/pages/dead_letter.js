// One dead letter: what the job was, what each attempt met, and what became of it.

import { ApiError, api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href, navigate, reload } from "../lib/router.js";
import { session } from "../lib/session.js";
import { instant, moment, number, plural } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button, copyButton } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { card, facts, failure, load, note, page, said } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { removeLetter, retryLetter } from "./dead_letter_actions.js";

export const title = "Dead letter";

const GONE = "The execution’s record is gone; the message above is what the dead letter has kept.";
const BACK = { label: "Dead letters", href: "#/dead-letters" };

export default async function deadLetter({ root, params, signal }) {
  const body = page(root, { title, back: BACK });
  try {
    await load(body, "detail", async () => {
      const letter = await read(params.id, signal);
      if (letter === null) return gone();
      const whole = page(root, { title: letter.job_name ?? letter.task ?? title, back: BACK, lead: letter.reason,
        actions: actions(letter) });
      document.title = `${letter.job_name ?? title} · Dead letter · Tickwell`;
      fill(whole, content(letter, signal));
      return [];
    });
  } catch (error) {
    if (!signal.aborted) fill(body, failure(error, reload));
  }
}

/** The dead letter; null where there is none (any more). */
async function read(id, signal) {
  try {
    return await api.get(`dead-letters/${encodeURIComponent(id)}`, {}, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function gone() {
  return empty({
    title: "There is no such dead letter", text: "It was deleted, or has expired.", icon: "dead",
    action: { label: "All dead letters", href: BACK.href },
  });
}

function actions(letter) {
  if (!session.can("member")) return null;
  return [
    button("Retry", { icon: "refresh", kind: "primary", onClick: () => retryLetter(letter, () => reload()) }),
    button("Delete", { icon: "trash", kind: "danger", onClick: () => removeLetter(letter,
      () => navigate("/dead-letters")) }),
  ];
}

function content(letter, signal) {
  return [
    letter.retried_as === null ? null : retried(letter),
    card("What it was", about(letter)),
    payload(letter),
    attempts(letter, signal),
    session.can("member") ? null : h("p", { class: "quiet" }, "To retry or delete it takes the role member or above."),
  ];
}

function retried(letter) {
  return note("info", "It was retried ", instant(letter.retried_at, { relative: true }), " as ",
    h("a", { href: href(`/jobs/${encodeURIComponent(letter.retried_as)}`) }, "a job of its own"), ".");
}

function about(letter) {
  const link = (name, value) => (value === null ? null : h("a", { href: href("/dead-letters", { [name]: value }) },
    value));
  return facts([
    ["Job", letter.job_id === null ? null : h("a", { href: href(`/jobs/${encodeURIComponent(letter.job_id)}`) },
      letter.job_name ?? letter.job_id)],
    ["Task", link("task", letter.task)],
    ["Queue", link("queue", letter.queue)],
    ["Priority", letter.priority],
    ["Tags", letter.tags.length ? h("span", { class: "row" }, letter.tags.map((tag) => chip(tag))) : null],
    ["Was due", letter.due_at && moment(letter.due_at)],
    ["First attempt", letter.first_attempt_at && moment(letter.first_attempt_at)],
    ["Failed for good", moment(letter.failed_at)],
    ["Attempts", number(letter.attempts)],
    ["Last error", link("error_code", letter.error_code)],
    ["Id", h("span", { class: "with-copy" },
      h("code", letter.id), copyButton(letter.id, { bare: true, label: "Copy id" }))],
  ]);
}

function payload(letter) {
  if (!letter.payload_kept) return card("Payload", h("p", { class: "quiet" },
    "It was not kept with this record. A retry takes the one that the job still has."));
  const text = JSON.stringify(letter.payload, null, 2);
  return card(h("span", { class: "row between" }, "Payload", copyButton(text)),
    h("pre", { tabindex: "0", "aria-label": "Payload" }, text));
}

function attempts(letter, signal) {
  const { errors } = letter;
  const last = errors.at(-1)?.attempt;
  const left = letter.attempts - errors.length;
  const items = errors.flatMap((error, index) => [
    attempt(letter, error, { isOpen: error.attempt === last, signal }),
    index === 0 && left > 0 && errors.length > 1 ? h("li", { class: "gap quiet" },
      `${plural(left, "attempt")} between them: see the job.`) : null,
  ]);
  return card("Attempts", items.length ? h("ol", { class: "tries" }, items)
    : h("p", { class: "quiet" }, "This record has none. ", letter.error_message ?? ""));
}

/** One attempt. Its execution has the whole message and the traceback: read when it is opened. */
function attempt(letter, error, { isOpen, signal }) {
  const more = h("div", { class: "stack" });
  const details = h("details", { class: "fold", open: isOpen }, h("summary", "Traceback"), more);
  let isRead = false;
  const show = () => {
    if (!details.open || isRead) return;
    isRead = true;
    readAttempt(letter, error, more, signal);
  };
  details.addEventListener("toggle", show);
  show();
  return h("li",
    h("div", { class: "row" }, h("span", { class: "strong" }, `Attempt ${error.attempt}`), badge(error.status),
      error.error_code ? chip(error.error_code) : null, h("span", { class: "small quiet" }, moment(error.at))),
    error.error_message === null ? null : h("p", { class: "message" }, error.error_message), details);
}

async function readAttempt(letter, error, place, signal) {
  fill(place, skeleton("text"));
  try {
    const id = encodeURIComponent(`${letter.id}-${error.attempt}`);
    const execution = await api.get(`executions/${id}`, {}, { signal });
    const isMore = execution.error_message !== error.error_message;
    fill(place, isMore && h("p", { class: "message" }, execution.error_message), traceback(execution, error.attempt));
    for (const box of place.querySelectorAll("pre")) box.scrollTop = box.scrollHeight;
  } catch (fault) {
    if (signal.aborted) return;
    const isGone = fault instanceof ApiError && fault.status === 404;
    fill(place, h("p", { class: "small quiet" }, isGone ? GONE : said(fault)));
  }
}

/** Its end, which says what went wrong, is what one sees first. */
function traceback({ traceback: text }, number) {
  if (text === null) return h("p", { class: "small quiet" }, "This attempt has no traceback.");
  const about = { class: "traceback", tabindex: "0", "aria-label": `Traceback of attempt ${number}` };
  return h("div", { class: "copyable" }, h("pre", about, text), copyButton(text, { bare: true }));
}
