// Small line icons, 24 by 24. They are decoration: what they mean stands beside them in words.

import { s } from "../lib/dom.js";

const PATHS = {
  alert: "M12 8v5m0 3.5v.01M10.3 3.9 2.6 17.2A2 2 0 0 0 4.3 20h15.4a2 2 0 0 0 1.7-2.8L13.7 3.9a2 2 0 0 0-3.4 0Z",
  back: "m14 6-6 6 6 6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  chevron: "m6 9 6 6 6-6",
  clock: "M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9V5a1 1 0 0 1 1-1h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-4M5 9h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5" +
    "a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1Z",
  dead: "M4 13h4l2 3h4l2-3h4M5.5 5.5 4 13v5a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-5l-1.5-7.5a1 1 0 0 0-1-.8h-11" +
    "a1 1 0 0 0-1 .8Z",
  dots: "M4.5 11.5h1v1h-1zM11.5 11.5h1v1h-1zM18.5 11.5h1v1h-1z",
  edit: "M4 20h4L19 9l-4-4L4 16v4Zm9-13 4 4",
  external: "M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5",
  filter: "M4 6h16M7 12h10M10 18h4",
  jobs: "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5Z",
  menu: "M4 7h16M4 12h16M4 17h16",
  overview: "M4 19V5m0 14h16M8 15v-3m4 3V8m4 7v-5",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10-6.5-10-6.5Z",
  plus: "M12 5v14M5 12h14",
  queues: "M4 6h16M4 10h16M4 14h10M4 18h6",
  refresh: "M20 5v5h-5M4 19v-5h5M19 10a7.5 7.5 0 0 0-13-3M5 14a7.5 7.5 0 0 0 13 3",
  screen: "M4 5h16v11H4zM9 20h6M12 16v4",
  search: "M16 16l4.5 4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z",
  settings: "M4 7h9m4 0h3M4 17h3m4 0h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-6 10" +
    "a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  "sign-out": "M14 4h5a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-5M4 12h11m-4-4 4 4-4 4",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-6v2m0 16v2M5 5l1.4 1.4m11.2 11.2L19 19M2 12h2m16 0h2" +
    "M5 19l1.4-1.4M17.6 6.4 19 5",
  trash: "M4 7h16M9 7V4h6v3m3 0-1 13H7L6 7m4 4v5m4-5v5",
  user: "M15.5 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM5 20a7 7 0 0 1 14 0",
};

/** The icon of that name, as big as the text beside it. */
export function icon(name, extra = "") {
  const given = { class: `icon ${extra}`.trim(), viewBox: "0 0 24 24", "aria-hidden": "true" };
  return s("svg", given, s("path", { d: PATHS[name] || "" }));
}

/** The mark of Tickwell. */
export function mark() {
  return s("svg", { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("rect", { width: 32, height: 32, rx: 8 }), s("path", { d: "M16 8v8l5 4" }));
}
