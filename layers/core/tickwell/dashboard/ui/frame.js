// What stands around the pages: the navigation and the user's menu; for those who are not signed in, a quiet middle.

import { fill, h } from "../lib/dom.js";
import { onReached } from "../lib/live.js";
import { routeAt } from "../lib/router.js";
import { session, signOut } from "../lib/session.js";
import { plain } from "../lib/time.js";
import { icon, mark } from "./icon.js";
import { menu } from "./menu.js";

const NAV = [
  ["/", "Overview", "overview"],
  ["/jobs", "Jobs", "jobs"],
  ["/queues", "Queues", "queues"],
  ["/emails", "Emails", "mail"],
  ["/dead-letters", "Dead letters", "dead"],
  ["/settings", "Settings", "settings"],
];
const THEMES = [["", "Colours of the system", "screen"], ["light", "Light", "sun"], ["dark", "Dark", "moon"]];

let drawn = null;

onReached((isReached) => {
  if (drawn === null) return;
  const since = plain(Date.now());
  fill(drawn.news, !isReached && [icon("alert"), h("p", `Tickwell has not been reached since ${since}. `,
    "What you see may have changed; it goes on by itself.")]);
});

/** The frame for `path` in `app`, drawn once for each user; returns the place for the page. */
export function drawFrame(app, path) {
  const { user } = session;
  const key = `${user.id} ${user.role} ${user.email}`;
  if (drawn === null || drawn.key !== key || drawn.frame.parentNode !== app) drawn = { key, ...made(user) };
  if (drawn.frame.parentNode !== app) fill(app, drawn.frame);
  drawn.close();
  for (const link of drawn.frame.querySelectorAll(".nav a")) {
    const place = link.getAttribute("href").slice(1);
    const isHere = place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  return drawn.main;
}

/** The place for a page of those who are not signed in. */
export function drawOutside(app) {
  drawn = null;
  const main = h("main", { class: "box", tabindex: "-1" });
  fill(app, h("div", { class: "outside" }, h("div", { class: "box" }, brand("#/sign-in"), main)));
  return main;
}

function made(user) {
  const main = h("main", { class: "main", id: "main", tabindex: "-1" });
  const news = h("div", { class: "unreached", role: "status" });
  const opener = h("button",
    { type: "button", class: "button ghost", "aria-expanded": "false", "aria-controls": "side" }, icon("menu"), "Menu");
  const side = h("div", { class: "side", id: "side" }, brand("#/"),
    h("nav", { "aria-label": "Main" }, h("ul", { class: "nav" }, NAV.filter(([path]) => routeAt(path)).map(entry))),
    h("div", { class: "who" }, userMenu(user)));
  const skip = h("a", { class: "skip", href: "#main" }, "Skip to the content");
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  const frame = h("div", { class: "frame" }, h("header", { class: "bar" }, brand("#/"), opener), side,
    h("div", { class: "beside-nav" }, news, main));
  const set = (isOpen) => {
    frame.classList.toggle("open", isOpen);
    opener.setAttribute("aria-expanded", String(isOpen));
  };
  frame.prepend(skip);
  opener.addEventListener("click", () => set(!frame.classList.contains("open")));
  frame.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !frame.classList.contains("open")) return;
    set(false);
    opener.focus();
  });
  side.addEventListener("click", (event) => {
    if (event.target.closest("a")) set(false);
  });
  return { frame, main, news, close: () => set(false) };
}

/** Whoever points at a link is about to follow it: its page is fetched already. */
function entry([path, label, name]) {
  const fetched = () => routeAt(path).load().catch(() => {});
  return h("li", h("a", { href: `#${path}`, on: { pointerenter: fetched, focus: fetched } }, icon(name), label));
}

function userMenu(user) {
  const who = h("span", { class: "name" },
    h("span", { class: "strong" }, user.email), h("span", { class: "small quiet" }, user.role));
  return menu({
    label: "Account menu",
    button: [icon("user"), who, icon("chevron")],
    items: () => [
      { label: "Your profile", icon: "user", href: "#/settings/profile" },
      ...THEMES.map(([value, label, name]) =>
        ({ label, icon: name, checked: theme() === value, onClick: () => choose(value) })),
      { label: "API reference", icon: "external", href: "docs" },
      { label: "Sign out", icon: "sign-out", onClick: signOut },
    ],
  });
}

function theme() {
  return document.documentElement.dataset.theme || "";
}

function choose(value) {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  try {
    if (value) localStorage.setItem("tickwell.theme", value);
    else localStorage.removeItem("tickwell.theme");
  } catch {
    // Then the choice lasts as long as the page.
  }
}

function brand(href) {
  return h("a", { class: "brand", href }, mark(), "Tickwell");
}
