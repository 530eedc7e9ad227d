// What can be done to one dead letter.

import { api, newKey } from "../lib/api.js";
import { href } from "../lib/router.js";
import { confirm } from "../ui/dialog.js";
import { toast } from "../ui/toast.js";

const path = (letter) => `dead-letters/${encodeURIComponent(letter.id)}`;
const named = (letter) => letter.job_name ?? letter.task ?? letter.id;

/**
 * Ask, and run it again as a new job.
 * @param {object} letter as the API gives it
 * @param {(answer: object) => void} onDone
 */
export async function retryLetter(letter, onDone) {
  const idempotencyKey = newKey();
  let answer = null;
  const again = letter.retried_as === null ? "" : " It was retried before; this makes another job.";
  const isDone = await confirm({
    title: `Retry ${named(letter)}?`, action: "Retry",
    text: `It runs again as a new job that is due now, with the same task, payload and policy.${again}`,
    act: async () => { answer = await api.post(`${path(letter)}/retry`, {}, { idempotencyKey }); },
  });
  if (!isDone) return;
  toast(`${named(letter)} runs again`, { action: { label: "Show the job",
    run: () => { location.hash = href(`/jobs/${answer.job.id}`); } } });
  onDone(answer);
}

/**
 * Ask, and delete it.
 * @param {object} letter as the API gives it
 * @param {() => void} onDone
 */
export async function removeLetter(letter, onDone) {
  const isDone = await confirm({
    title: `Delete the dead letter of ${named(letter)}?`, action: "Delete", danger: true,
    text: "For good. Its job, its executions and the jobs that were made of it stay.",
    act: () => api.delete(path(letter)),
  });
  if (!isDone) return;
  toast("The dead letter is deleted");
  onDone();
}
