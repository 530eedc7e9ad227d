// How much of something is used.

import { h } from "../lib/dom.js";

/** A bar for `used` of `limit`; from nine tenths on it warns. `label` says the same in words, for screen readers. */
export function meter(used, limit, label) {
  const share = limit > 0 ? Math.min(1, used / limit) : 1;
  const made = h("div", {
    class: ["meter", share >= 1 ? "bad" : share >= 0.9 && "warn"], role: "meter", "aria-label": label,
    "aria-valuemin": 0, "aria-valuemax": limit, "aria-valuenow": used,
  }, h("span"));
  made.style.setProperty("--share", `${share * 100}%`);
  return made;
}
