// The overview: what is going on, what went wrong, and what comes next; it keeps up by itself.

import { api, ApiError } from "../lib/api.js";
import { h, fill } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { card, load, page as head } from "../ui/page.js";
import { inOrder } from "../ui/refresh.js";
import { skeleton } from "../ui/skeleton.js";
import { charts, RANGES } from "./overview_charts.js";
import { givenUp, queues, recent, tiles, upcoming, workers } from "./overview_parts.js";

const CALM_MS = 5000, MINUTE_MS = 60000;

export const title = "Overview";

export default async function page({ root, query, signal }) {
  const live = h("span", { class: "live", role: "status" });
  const create = session.can("member") && button("New job", { icon: "plus", kind: "primary", href: href("/jobs/new") });
  const body = head(root, { title: ["Overview", live], actions: create });
  const state = { range: RANGES[query.range] ? query.range : "24h", signal, create, parts: null, stats: null };
  await load(body, h("div", { class: "skeleton stack" }, skeleton("cards"), skeleton("chart"), skeleton("table")),
    async () => {
    state.stats = await api.get("dashboard/stats", {}, { signal });
    return content(state);
  });
  if (signal.aborted) return;
  keepUp(state, body, live);
}

/** All parts, or, as long as there is nothing to show, how to begin. */
function content(state) {
  const { signal, create, stats } = state;
  const isNew = !stats.jobs.total && !stats.executions.total;
  if (create) create.hidden = isNew;
  if (isNew) {
    state.parts = null;
    return welcome();
  }
  const read = (path, params) => () => api.get(path, typeof params === "function" ? params() : params, { signal });
  const now = async () => state.stats;
  const parts = state.parts = {
    tiles: part("cards", now, tiles),
    charts: part("chart", async () => seriesOf(state), (data) => charts(data, chooser(state))),
    upcoming: part("text", now, upcoming), recent: part("text", now, recent),
    givenUp: part("text", read("dead-letters", { limit: 5 }), givenUp), queues: part("text", read("queues"), queues),
    workers: part("text", read("workers"), workers),
  };
  for (const each of Object.values(parts)) each.begin();
  return [
    parts.tiles, parts.charts,
    h("div", { class: "halves" },
      h("div", { class: "stack wide-gap" }, card("Next", parts.upcoming), card("Given up", parts.givenUp),
        card("Workers", parts.workers)),
      h("div", { class: "stack wide-gap" }, card("Ended lately", parts.recent), card("Queues", parts.queues))),
  ];
}

function welcome() {
  const action = session.can("member")
    ? { label: "Create your first job", icon: "plus", href: href("/jobs/new") } : undefined;
  const text = "A job runs a task once, at an instant, or on a schedule. "
    + "As soon as there is one, this page shows how it is doing.";
  return h("section", { class: "card" }, empty({
    icon: "clock", title: "Nothing is scheduled yet",
      text: action ? text : `${text} Creating one takes the role member or above.`, action,
  }));
}

/** Something that is read, drawn, and read again; what cannot be read again stays as it was. */
function part(kind, read, draw) {
  const body = h("div");
  const order = inOrder();
  let drawn = null;
  body.begin = () => load(body, kind, async () => {
    drawn = draw(await read());
    return drawn;
  });
  body.again = async () => {
    if (drawn === null) return;
    const isNewest = order();
    try {
      const found = await read();
      if (isNewest()) drawn.update(found);
    } catch (error) {
      if (!(error instanceof ApiError) && error.name !== "AbortError") throw error;
    }
  };
  return body;
}

async function seriesOf(state) {
  const { range, signal } = state;
  return { range, series: await api.get("stats/series", RANGES[range].params(), { signal }) };
}

/** Which time the charts show. */
function chooser(state) {
  const whole = h("div", { class: "segments", role: "group", "aria-label": "Time shown" });
  const mark = () => {
    for (const each of whole.children) each.setAttribute("aria-pressed", String(each.value === state.range));
  };
  const choose = async (range) => {
    state.range = range;
    mark();
    setQuery({ range: range === "24h" ? null : range });
    await state.parts.charts.again();
  };
  fill(whole, Object.entries(RANGES).map(([range, { label }]) =>
    h("button", { type: "button", value: range, on: { click: () => choose(range) } }, label)));
  mark();
  return whole;
}

/** Follows the counts; what they do not tell is read again after they have changed, and each minute. */
function keepUp(state, body, live) {
  const { signal } = state;
  let timer = null;
  const rest = async (names) => {
    if (state.parts && !document.hidden) await Promise.all(names.map((name) => state.parts[name].again()));
  };
  const soon = () => {
    timer = timer || setTimeout(async () => {
      timer = null;
      await rest(["charts", "givenUp", "queues"]);
    }, CALM_MS);
  };
  const onEvent = (name, stats) => {
    if (name !== "stats") return;
    const isNew = JSON.stringify(stats) !== JSON.stringify(state.stats);
    state.stats = stats;
    if (!state.parts) fill(body, content(state));
    else if (isNew) rest(["tiles", "upcoming", "recent"]);
    if (isNew) soon();
  };
  const onState = (isOn) => fill(live, isOn && [h("span", { class: "dot", "aria-hidden": "true" }), "live"]);
  const minutely = setInterval(() => rest(["charts", "queues", "workers", "givenUp"]), MINUTE_MS);
  signal.addEventListener("abort", () => {
    clearInterval(minutely);
    clearTimeout(timer);
  });
  follow("stats", { onEvent, onState }, signal);
}
