// The dashboard: from the session to the frame, from the address to a page.

import { isAbort } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { resume } from "./lib/live.js";
import { loaded } from "./lib/modules.js";
import { current, href, navigate, reload, start } from "./lib/router.js";
import { onSession, restore, session } from "./lib/session.js";
import { drawFrame, drawOutside } from "./ui/frame.js";
import { empty } from "./ui/empty.js";
import { failure } from "./ui/page.js";
import { hasTyped, signInAgain } from "./ui/sign_in_again.js";
import { toast } from "./ui/toast.js";

/** Every page by its path; fixed words before parameters. `open`: without a session. */
const ROUTES = [
  { path: "/", load: () => import("./pages/overview.js") },
  { path: "/accept-invitation", open: true, load: () => import("./pages/accept_invitation.js") },
  { path: "/dead-letters", load: () => import("./pages/dead_letters.js") },
  { path: "/dead-letters/:id", load: () => import("./pages/dead_letter.js") },
  { path: "/emails", load: () => import("./pages/emails.js") },
  { path: "/emails/:id", load: () => import("./pages/email.js") },
  { path: "/forgot-password", open: true, load: () => import("./pages/forgot_password.js") },
  { path: "/jobs", load: () => import("./pages/jobs.js") },
  { path: "/jobs/new", load: () => import("./pages/job_form.js") },
  { path: "/jobs/:id", load: () => import("./pages/job.js") },
  { path: "/jobs/:id/edit", load: () => import("./pages/job_form.js") },
  { path: "/queues", load: () => import("./pages/queues.js") },
  { path: "/register", open: true, load: () => import("./pages/register.js") },
  { path: "/reset-password", open: true, load: () => import("./pages/reset_password.js") },
  { path: "/settings", load: () => import("./pages/settings.js") },
  { path: "/settings/:tab", load: () => import("./pages/settings.js") },
  { path: "/sign-in", open: true, load: () => import("./pages/sign_in.js") },
];

const app = document.getElementById("app");
let shown = null;

/** One page after the other; what is there stays until the next one is. */
async function draw({ route, params, path, query, signal, height }) {
  if (!(route && route.open) && session.user === null) {
    navigate("/sign-in", path === "/" ? {} : { next: location.hash.slice(1) }, { replace: true });
    return;
  }
  const before = document.activeElement;
  const main = route && route.open ? drawOutside(app) : drawFrame(app, path);
  main.setAttribute("aria-busy", "true");
  try {
    const module = route ? await loaded(route.load) : { title: "Not found", default: notFound };
    if (!signal.aborted) await drawPage(main, module, { params, path, query, signal, height }, before);
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) fill(main, failure(error, reload));
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

/** `before`: what had the focus when one left for the page. Who comes back finds it scrolled as it was. */
async function drawPage(main, module, { params, path, query, signal, height }, before) {
  const root = h("div");
  const isFirst = shown === null;
  fill(main, root);
  document.title = `${module.title} · Tickwell`;
  const done = module.default({ root, params, query, signal });
  if (shown !== path) window.scrollTo(0, 0);
  shown = path;
  const isFocused = focusHeading(root, isFirst, before);
  await done;
  if (height && !signal.aborted && window.scrollY < height) window.scrollTo(0, height);
  if (!isFocused && !signal.aborted) focusHeading(root, isFirst, before);
}

/**
 * Screen readers hear where they are: the focus goes to the page's heading, or to what it asks for first. Whoever has
 * moved it meanwhile keeps it.
 */
function focusHeading(root, isFirst, before) {
  const heading = root.querySelector("h1");
  const now = document.activeElement;
  if (!heading || (now !== before && now !== document.body)) return heading !== null;
  const wanted = root.querySelector("[data-autofocus]") || (isFirst ? null : heading);
  if (wanted) wanted.focus({ preventScroll: true });
  return true;
}

function notFound({ root }) {
  fill(root, h("h1", { class: "hidden-text", tabindex: "-1" }, "Not found"), empty({
    title: "There is no such page", text: "The address may be mistyped, or what was here is gone.", icon: "search",
    action: { label: "To the overview", href: "#/" },
  }));
}

onSession((reason, was) => {
  if (reason === "role") {
    reload();
  } else if (reason === "signed-out") {
    toast("You are signed out.");
    navigate("/sign-in");
  } else if (hasTyped()) {
    signInAgain(was, { onBack: resume, onLeave: toSignIn });
  } else {
    toast("Your session has ended. Please sign in again.", { kind: "info" });
    toSignIn();
  }
});

/** And afterwards back to where one is. */
function toSignIn() {
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  navigate("/sign-in", { next: current().path === "/" ? null : location.hash.slice(1) }, { replace: true });
}

/** Mails lead to /reset-password#token=… and /accept-invitation#token=…: pages like the others, at the root. */
function fromMail() {
  const [, page] = /\/(reset-password|accept-invitation)$/.exec(location.pathname) || [];
  if (!page) return;
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  history.replaceState(null, "", new URL("./", location.href).pathname + href(`/${page}`, { token }));
}

fromMail();
restore();
start(ROUTES, draw);
