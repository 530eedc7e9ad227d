// Which dead letters are meant: a form, an address, and what the API takes.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { plain } from "../lib/time.js";
import { button } from "../ui/button.js";
import { field, form } from "../ui/form.js";

/** The parameters, as the API calls them. */
export const FILTERS = ["task", "queue", "error_code", "job_id", "failed_after", "failed_before", "retried"];

const RETRIED = [{ value: "", label: "All" }, { value: "false", label: "Not retried" },
  { value: "true", label: "Retried" }];

/** The filter of a request about many, from the parameters of the listing: all are texts there. */
export function chosenOf(parameters) {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name,
    name === "retried" ? value === "true" : value]));
}

/** The filter in words, for a question about all that it chooses. */
export function filterWords(chosen) {
  const words = {
    task: (value) => `of the task ${value}`,
    queue: (value) => `in the queue ${value}`,
    error_code: (value) => `with the error ${value}`,
    job_id: (value) => `of the job ${value}`,
    failed_after: (value) => `that failed at ${plain(value)} or later`,
    failed_before: (value) => `that failed before ${plain(value)}`,
    retried: (value) => (value === "true" ? "that were retried" : "that were not retried"),
  };
  const parts = FILTERS.filter((name) => chosen[name]).map((name) => words[name](chosen[name]));
  return parts.length ? `Those ${parts.join(", ")}.` : "All dead letters of the organization.";
}

function list(id, values) {
  return h("datalist", { id }, values.map((value) => h("option", { value })));
}

/**
 * Draws the form into `place`, filled with `chosen`.
 * @param {Element} place
 * @param {Record<string, string>} chosen
 * @param {{signal: AbortSignal, onChoose: (chosen: Record<string, string>) => Promise<void>}} options
 */
export function filterForm(place, chosen, { signal, onChoose }) {
  const known = h("div", { hidden: true });
  const one = (name, label, more = {}) => field({ name, label, value: chosen[name], optional: false, ...more });
  const later = [one("job_id", "Job id", { maxlength: 255 }),
    one("failed_after", "Failed at or after", { type: "datetime-local" }),
    one("failed_before", "Failed before", { type: "datetime-local" })];
  const more = button("More filters", { kind: "ghost", onClick: () => show(true) });
  const show = (isShown) => {
    for (const element of later) element.hidden = !isShown;
    more.hidden = isShown;
    if (isShown && place.contains(document.activeElement)) later[0].querySelector("input").focus();
  };
  const clear = button("Clear", { kind: "ghost", onClick: () => {
    onChoose({});
    filterForm(place, {}, { signal, onChoose });
    place.querySelector("input").focus();
  } });
  clear.hidden = !Object.keys(chosen).length;
  fill(place, form({
    fields: [one("task", "Task", { list: "letter-tasks", maxlength: 255 }),
      one("queue", "Queue", { list: "letter-queues", maxlength: 255 }),
      one("error_code", "Error code", { maxlength: 255 }),
      one("retried", "Retried", { type: "select", options: RETRIED }), later, known],
    submit: "Filter", actions: [more, clear],
    onSubmit: async (values) => {
      clear.hidden = !Object.keys(values).length;
      await onChoose(values);
    },
  }));
  show(["job_id", "failed_after", "failed_before"].some((name) => chosen[name]));
  suggest(known, signal);
}

/** Names of tasks and queues to choose from. Without them one types. */
async function suggest(place, signal) {
  const read = (path, pick) => api.get(path, {}, { signal }).then(pick, () => []);
  const [tasks, queues] = await Promise.all([
    read("tasks", ({ tasks: all }) => all.map((task) => task.name)),
    read("queues", ({ queues: all }) => all.map((queue) => queue.name)),
  ]);
  fill(place, list("letter-tasks", tasks), list("letter-queues", queues));
}
