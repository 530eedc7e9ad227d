// Settings: tabs, each a page of its own in the part below.

import { fill, h } from "../lib/dom.js";
import { loaded } from "../lib/modules.js";
import { href, navigate } from "../lib/router.js";
import { session } from "../lib/session.js";
import { empty } from "../ui/empty.js";
import { page as head } from "../ui/page.js";

export const title = "Settings";

/** `role`: the least that sees anything there. Each tab is a page: `default({root, params, query, signal})`. */
const TABS = [
  { id: "profile", label: "Profile", load: () => import("./profile.js") },
  { id: "organization", label: "Organization", load: () => import("./organization.js") },
  { id: "members", label: "Members", load: () => import("./members.js") },
  { id: "api-keys", label: "API keys", role: "admin", load: () => import("./api_keys.js") },
  { id: "webhooks", label: "Notifications", load: () => import("./webhooks.js") },
  { id: "hooks", label: "Hooks", role: "admin", load: () => import("./hooks.js") },
  { id: "secrets", label: "Secrets", role: "admin", load: () => import("./secrets.js") },
  { id: "audit-log", label: "Audit log", role: "owner", load: () => import("./audit_log.js") },
  { id: "usage", label: "Usage", role: "admin", load: () => import("./usage.js") },
];

export default async function page({ root, params, query, signal }) {
  const tab = TABS.find((each) => each.id === (params.tab || "profile"));
  if (!tab) {
    navigate("/settings/profile", {}, { replace: true });
    return;
  }
  document.title = `${tab.label} · Settings · Tickwell`;
  const body = head(root, { title });
  const panel = h("div", { dataset: { level: "2" } });
  const links = TABS.filter(isSeen).map((each) => link(each, tab));
  fill(body, h("nav", { "aria-label": "Settings" }, h("ul", { class: "tabs" }, links)), panel);
  panel.parentNode.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  if (!isSeen(tab)) {
    const wanted = tab.role === "owner" ? tab.role : `${tab.role} or above`;
    const told = { title: `This takes the role ${wanted}`, text: `Yours is ${session.role}.`, icon: "user" };
    fill(panel, empty(told));
    return;
  }
  const module = await loaded(tab.load);
  if (!signal.aborted) await module.default({ root: panel, params, query, signal });
}

function isSeen(tab) {
  return !tab.role || session.can(tab.role);
}

function link(each, tab) {
  const given = { href: href(`/settings/${each.id}`), "aria-current": each === tab ? "page" : null };
  return h("li", h("a", given, each.label));
}
