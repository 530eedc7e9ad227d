// From the address's hash to a page: "#/jobs/42?tab=logs" is the path /jobs/42 with {tab: "logs"}.

let table = [];
let show = async () => {};
let leave = new AbortController();
let here = { path: "/", query: {} };
let entry = null;
const heights = new Map();

/** The address of a page, for links. */
export function href(path, params) {
  const query = new URLSearchParams(
    Object.entries(params || {}).filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => [name, String(value)]),
  ).toString();
  return `#${path}${query ? `?${query}` : ""}`;
}

/** Go to a page. `replace`: without a step in the history. */
export function navigate(path, params, { replace = false } = {}) {
  const target = href(path, params);
  if (target === (location.hash || "#/")) return turn();
  if (!replace) {
    location.hash = target;
    return undefined;
  }
  history.replaceState(null, "", target);
  return turn();
}

/** Say another query in the address without leaving the page: {name: value}, null takes one out. The page stays. */
export function setQuery(changes) {
  const query = { ...here.query, ...changes };
  const target = href(here.path, query);
  history.replaceState(history.state, "", target);
  here = parsed();
}

/** Draw the page of this address anew. */
export function reload() {
  return turn();
}

/** Where one is: {path, query}. */
export function current() {
  return here;
}

/**
 * Begins to follow the address.
 * @param {Array} routes [{path: "/jobs/:id", …}]
 * @param {Function} draw async ({route, params, path, query, signal, height}); `route` undefined: there is none at this
 *   path; `height`: how far the page was scrolled when it was left, null where it was never left
 */
export function start(routes, draw) {
  table = routes.map((route) => ({ route, parts: split(route.path) }));
  show = draw;
  window.addEventListener("hashchange", turn);
  history.scrollRestoration = "manual"; // the browser does it before there is anything to scroll
  window.addEventListener("pagehide", () => history.replaceState({ ...history.state, height: window.scrollY }, ""));
  return turn();
}

/** The row of the table of exactly this path, if there is one. */
export function routeAt(path) {
  return table.map(({ route }) => route).find((route) => route.path === path);
}

function turn() {
  leave.abort(new DOMException("left the page", "AbortError"));
  leave = new AbortController();
  here = parsed();
  return show({ ...found(here.path), ...here, signal: leave.signal, height: heightOf() });
}

/** Each step of the history knows its number: one that has none yet is new. */
function heightOf() {
  if (entry !== null) heights.set(entry, window.scrollY);
  const { state } = history;
  entry = state?.entry ?? crypto.getRandomValues(new Uint32Array(1))[0];
  if (state?.entry === undefined) history.replaceState({ ...state, entry }, "");
  return heights.get(entry) ?? state?.height ?? null;
}

function parsed() {
  const [path, query = ""] = (location.hash.slice(1) || "/").split(/\?(.*)/s);
  return { path: path.startsWith("/") ? path : "/", query: Object.fromEntries(new URLSearchParams(query)) };
}

function found(path) {
  const parts = split(path);
  for (const { route, parts: wanted } of table) {
    const params = matched(wanted, parts);
    if (params) return { route, params };
  }
  return { route: undefined, params: {} };
}

/** Rows of fixed words stand before those with parameters: /jobs/new before /jobs/:id. */
function matched(wanted, parts) {
  if (wanted.length !== parts.length) return null;
  const params = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decoded(parts[index]);
    else if (part !== parts[index]) return null;
  }
  return params;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function split(path) {
  return path.split("/").filter(Boolean);
}
