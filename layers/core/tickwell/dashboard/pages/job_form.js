// Create a job, change one, or make one after another.

import { api, isAbort } from "../lib/api.js";
import { fill } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { session } from "../lib/session.js";
import { empty } from "../ui/empty.js";
import { JobForm } from "../ui/job_sheet.js";
import { load, page as head } from "../ui/page.js";
import { takeUp, watchTyped } from "../ui/unsaved.js";

export const title = "Job";

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
    const form = takeUp(location.hash) || await made(id, query, signal);
    form.begin(signal);
    const discard = () => { form.isDone = true; };
    watchTyped({ page: location.hash, kept: form, isTyped: () => form.isDirty(), discard }, signal);
    if (id) root.querySelector("h1").textContent = `Edit ${form.job.name}`;
    return form.element;
  });
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
