// Mails: the form that schedules one, and what became of them all.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { instant, number, plain } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button, busy } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { icon } from "../ui/icon.js";
import { load, page as head, said } from "../ui/page.js";
import { keepFocus } from "../ui/refresh.js";
import { skeleton } from "../ui/skeleton.js";
import { named, pager, table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { takeUp, watchTyped } from "../ui/unsaved.js";
import { emailForm, isWritten } from "./email_form.js";

export const title = "Emails";

const PAGE = "emails";
const ON_A_PAGE = 20;
const MOST_READ = 8;
const [SOON_MS, SELDOM_MS, CALM_MS] = [700, 10_000, 15_000];
const TABS = {
  scheduled: { label: "Scheduled", none: "Nothing is waiting", text: "Mails stand here until it is their time." },
  sent: { label: "Sent", none: "Nothing was sent yet", text: "Here is what a mail server has taken, as it was sent." },
  failed: { label: "Failed", none: "Nothing has failed", text: "What could not be sent stands here with the reason." },
  cancelled: { label: "Cancelled", none: "Nothing was cancelled", text: "What was called back before its time." },
};

export default async function page({ root, query, signal }) {
  const body = head(root, { title, lead: "Written now, sent at their time." });
  const state = {
    status: TABS[query.status] ? query.status : "scheduled", cursors: [null], signal, refresh: () => {},
    tabs: h("ul", { class: "tabs" }), list: h("div", { class: "stack" }),
  };
  state.refresh = throttled(() => renew(state), signal);
  const wide = window.matchMedia("(min-width: 75rem)").matches;
  fill(body, h("div", { class: ["emails", session.can("member") && "with-form"] },
    session.can("member") && writer(state, wide),
    h("section", { class: "stack", "aria-label": "Mails" },
      h("nav", { "aria-label": "Mails by status" }, state.tabs), state.list)));
  drawTabs(state, null);
  fill(state.list, skeleton("table"));
  await Promise.all([count(state), show(state)]);
  follow("stats", { onEvent: state.refresh }, signal);
}

/** The form, which folds away where there is no room beside the list and nothing in it. */
function writer(state, isWide) {
  const left = takeUp(PAGE);
  const made = left || emailForm();
  made.onScheduled = (accepted, mail) => {
    const at = new Date(accepted.scheduled_for).getTime();
    toast(at > Date.now() ? `Goes out ${plain(at)}` : `On its way to ${mail.to[0]}`);
    choose(state, "scheduled");
    count(state);
  };
  watchTyped({ page: PAGE, kept: made, isTyped: () => isWritten(made), discard: () => made.reset() }, state.signal);
  return h("details", { class: "card writer", open: isWide || left !== null },
    h("summary", icon("mail"), h("h2", "Write a mail"), icon("chevron")), made);
}

/** Events tell of all jobs: the list is read only when the numbers of mails have moved. */
async function renew(state) {
  const before = JSON.stringify(state.stats);
  await count(state);
  if (JSON.stringify(state.stats) !== before) await update(state);
}

async function count(state) {
  try {
    drawTabs(state, await api.get("emails/stats", {}, { signal: state.signal }));
  } catch {
    // The numbers are an extra: what is wrong is told where the list is.
  }
}

function drawTabs(state, stats) {
  state.stats = stats || state.stats;
  const counted = state.stats;
  const numbers = counted && { ...counted, scheduled: counted.scheduled + counted.sending };
  const focused = state.tabs.contains(document.activeElement) ? document.activeElement.dataset.status : null;
  fill(state.tabs, Object.entries(TABS).map(([status, { label }]) => h("li", h("a", {
    href: href("/emails", { status }), dataset: { status, stays: "" },
    "aria-current": status === state.status && "page",
    on: { click: (event) => { event.preventDefault(); choose(state, status); } },
  }, label, numbers && " ", numbers && counter(status, numbers[status])))));
  if (focused) state.tabs.querySelector(`[data-status=${focused}]`).focus();
}

function counter(status, count) {
  return h("span", { class: ["count", status === "failed" && count > 0 && "bad"] }, number(count));
}

function choose(state, status) {
  Object.assign(state, { status, cursors: [null], table: null });
  setQuery({ status });
  drawTabs(state, null);
  return show(state);
}

function show(state) {
  return load(state.list, "table", async (turn) =>
    drawn(state, await read({ ...state, signal: AbortSignal.any([state.signal, turn]) })));
}

/** What is there stays there until something else is. A fault in between says nothing: the next event comes. */
async function update(state) {
  const { table: before } = state;
  const found = await read(state).catch((error) => (state.table ? null : Promise.reject(error)));
  if (found === null || !before || state.table !== before) return; // or it was drawn with newer ones meanwhile
  setRows(state, found.emails);
  drawPager(state, found);
}

/**
 * A page of the list: where there are many other jobs it takes several requests to fill it. What is scheduled comes
 * soonest first where it is all there; the API's pages are newest first.
 */
async function read({ status, cursors, signal }) {
  const emails = status === "scheduled" && cursors.length === 1 ? await sending(signal) : [];
  let cursor = cursors.at(-1);
  for (let reads = 0; reads < MOST_READ; reads += 1) {
    const limit = ON_A_PAGE - emails.length;
    const part = await api.get("emails", { status, limit, cursor }, { signal });
    emails.push(...part.emails.filter(({ id }) => !emails.some((each) => each.id === id)));
    cursor = part.pagination.next_cursor;
    if (cursor === null || emails.length >= ON_A_PAGE) break;
  }
  if (status === "scheduled" && cursors.length === 1 && cursor === null) emails.sort((a, b) => due(a) - due(b));
  return { emails, next: cursor };
}

/** When a mail goes out. One that is on its way, or about to be tried again, comes first. */
function due({ next_attempt_at: at }) {
  return at === null ? 0 : new Date(at).getTime();
}

async function sending(signal) {
  return (await api.get("emails", { status: "sending", limit: 10 }, { signal })).emails;
}

function drawn(state, found) {
  const { none, text } = TABS[state.status];
  state.rows = found.emails;
  state.table = table({
    caption: `${TABS[state.status].label} mails`, columns: columns(state), rows: found.emails,
    empty: h("div", { class: "card" }, empty({ icon: "mail", title: none, text })),
  });
  state.pager = h("div");
  drawPager(state, found);
  return [state.table, state.pager];
}

function drawPager(state, { next }) {
  const isFirst = state.cursors.length === 1;
  const leaf = isFirst && next === null ? null : pager({
    next, previous: isFirst ? null : true, label: `Page ${state.cursors.length}`,
    onPage: (cursor) => {
      if (cursor === true) state.cursors.pop();
      else state.cursors.push(cursor);
      return show(state);
    },
  });
  keepFocus(state.pager, () => fill(state.pager, leaf));
}

function columns(state) {
  const { status } = state;
  const times = {
    scheduled: ["Goes out", (mail) => instant(mail.next_attempt_at || mail.scheduled_for, { relative: true })],
    sent: ["Sent", (mail) => instant(mail.sent_at)],
  };
  const [label, render] = times[status] || ["Was to go out", (mail) => instant(mail.scheduled_for)];
  return [
    { key: "subject", label: "Mail", main: true, render: mailCell },
    status === "scheduled" && { key: "status", label: "Status", render: (mail) => badge(mail.status) },
    status === "failed" && { key: "error", label: "Why", class: "why", render: why },
    status !== "failed" && { key: "at", label, class: "nowrap", render },
    { key: "actions", label: "", align: "end", render: (mail) => actions(state, mail) },
  ].filter(Boolean);
}

function why({ error, error_code: code, scheduled_for: at }) {
  return [h("div", error || "–"), h("div", { class: "row small quiet" }, code && chip(code), instant(at))];
}

function mailCell({ id, subject, to }) {
  const others = to.length > 1 ? ` and ${number(to.length - 1)} more` : "";
  return h("div", { class: "mail" }, named(href(`/emails/${id}`), subject || "No longer kept"),
    h("span", { class: "quiet small" }, to.length ? `to ${to[0]}${others}` : "–"));
}

function actions(state, mail) {
  if (mail.status === "sent") return button("Preview", { small: true, href: href(`/emails/${mail.id}`) });
  if (!session.can("member")) return null;
  if (mail.status === "scheduled") {
    const onClick = () => cancel(mail, () => take(state, mail));
    return button("Cancel", { small: true, kind: "ghost", icon: "stop", onClick });
  }
  if (mail.status !== "failed" && mail.status !== "cancelled") return null;
  const again = button(mail.status === "failed" ? "Try again" : "Send after all", {
    small: true, onClick: () => busy(again, () => retry(mail, () => take(state, mail))),
  });
  return again;
}

/** The row goes at once; what is true comes with the next reading. */
function take(state, mail) {
  if (state.table) setRows(state, state.rows.filter(({ id }) => id !== mail.id));
  state.refresh();
}

function setRows(state, rows) {
  state.rows = rows;
  state.table.update({ rows });
}

/** Asks, and calls a mail back. */
export function cancel(mail, done) {
  return confirm({
    title: "Cancel this mail?", text: `“${mail.subject}” does not go out then.`, action: "Cancel the mail",
    decline: "Leave it", danger: true, act: () => api.delete(`emails/${mail.id}`),
  }).then((isDone) => {
    if (!isDone) return;
    toast("It does not go out");
    done();
  });
}

/** Tries a mail anew that has failed or was called back. */
export async function retry(mail, done) {
  try {
    await api.post(`jobs/${mail.id}/retry`);
    toast("It is tried again");
    done();
  } catch (error) {
    toast(said(error), { kind: "error" });
  }
}

/**
 * Calls `act` soon, and again once that is done if it was asked for meanwhile. Where that goes on and on, the pauses
 * grow: what a user may read in an hour is limited.
 */
export function throttled(act, signal) {
  let [timer, isRunning, isWanted] = [null, false, false];
  let [pause, last] = [SOON_MS, 0];
  const run = async () => {
    [timer, isRunning, isWanted] = [null, true, false];
    await act().catch(() => {});
    isRunning = false;
    last = Date.now();
    if (isWanted) ask();
  };
  const ask = () => {
    if (signal.aborted || timer !== null) return;
    if (isRunning) {
      isWanted = true;
      return;
    }
    pause = Date.now() - last > CALM_MS ? SOON_MS : Math.min(pause * 1.5, SELDOM_MS);
    timer = setTimeout(run, pause);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return ask;
}
