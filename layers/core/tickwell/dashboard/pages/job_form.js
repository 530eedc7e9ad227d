// Create a job, change one, or make one after another.

import { api, isAbort } from "../lib/api.js";
import { fill } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { UNSAVED, confirm } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { JobForm } from "../ui/job_sheet.js";
import { load, page as head } from "../ui/page.js";
import { toast } from "../ui/toast.js";

export const title = "Job";

/** A form that was left with something in it: {address, user, form}. Whoever comes back finds it. */
let left = null;

export default async function page({ root, params, query, signal }) {
  const { id } = params;
  document.title = `${id ? "Edit job" : "New job"} · Tickwell`;
  const body = head(root, { title: id ? "Edit job" : "New job", back: id
    ? { label: "Job", href: href(`/jobs/${id}`) } : { label: "Jobs", href: href("/jobs") } });
  if (!session.can("member")) {
    fill(body, empty({ title: "You may look at jobs, but not make them", icon: "user",
      text: "This takes the role member. Owners and admins change roles.",
      action: { label: "All jobs", href: href("/jobs") } }));
    return;
  }
  await load(body, "form", async () => {
    const form = taken() || await made(id, query, signal);
    form.begin(signal);
    watch(form, signal);
    if (id) root.querySelector("h1").textContent = `Edit ${form.job.name}`;
    return form.element;
  });
}

function taken() {
  const found = left?.address === location.hash && left.user === session.user.id ? left.form : null;
  left = null;
  return found;
}

async function made(id, query, signal) {
  const source = id || query.from;
  const [{ tasks }, queues, job] = await Promise.all([
    api.get("tasks", {}, { signal }), queuesThatAre(signal),
    source ? api.get(`jobs/${encodeURIComponent(source)}`, {}, { signal }) : null,
  ]);
  return new JobForm({ tasks, queues, job, isNew: !id, wanted: query.task });
}

/** Null where they cannot be had: then one types the name. */
async function queuesThatAre(signal) {
  try {
    return (await api.get("queues", {}, { signal })).queues;
  } catch (error) {
    if (isAbort(error)) throw error;
    return null;
  }
}

/** Asks before what was typed is lost; what is left behind all the same, by the browser's own ways, is kept. */
function watch(form, signal) {
  const address = location.hash;
  const user = session.user.id;
  window.addEventListener("beforeunload", (event) => { if (form.isDirty()) event.preventDefault(); }, { signal });
  document.addEventListener("click", (event) => leaving(form, event), { capture: true, signal });
  signal.addEventListener("abort", () => {
    if (!form.isDirty()) return;
    left = { address, user, form };
    const back = { label: "Go back to it", run: () => { location.hash = address; } };
    if (session.user) toast("What you typed is not saved", { kind: "info", action: back });
  });
}

async function leaving(form, event) {
  const link = event.target.closest("a[href]:not([href^='#']), a[href^='#/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.target || !form.isDirty()) return;
  event.preventDefault();
  event.stopPropagation();
  if (!(await confirm({ ...UNSAVED, danger: true }))) return;
  form.isDone = true;
  location.href = link.href;
}
