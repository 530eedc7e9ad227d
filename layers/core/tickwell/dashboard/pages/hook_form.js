// The dialog in which a hook is made.

import { ApiError, address, api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { dialog } from "../ui/dialog.js";
import { field, form } from "../ui/form.js";
import { failure } from "../ui/page.js";
import { shownOnce } from "../ui/shown_once.js";
import { skeleton } from "../ui/skeleton.js";

const SCHEMES = [
  { value: "", label: "Not signed: who knows the address may hand in" },
  { value: "standard", label: "Standard Webhooks" }, { value: "sha256",
    label: "HMAC-SHA256 in a header, as GitHub and Meta" },
];
const PARTS = [["id", "Id"], ["sender", "Sender"], ["content", "Content"], ["instance", "Instance"],
  ["organization", "Organization"]];
const PAYLOAD = h("span", "JSON. ", h("code", "{{message.sender}}"), " and ", h("code", "{{body.path.to.it}}"),
  " stand for parts of the message. Left empty: the message itself.");

/**
 * Opens the dialog.
 * @param {() => void} onDone after it was made
 */
export function hookForm(onDone) {
  const place = h("div", skeleton("form"));
  const opened = dialog({ title: "New hook", wide: true, content: place });
  const fill = async () => {
    try {
      const [{ tasks }, { queues }, { secrets }] = await Promise.all([api.get("tasks"), api.get("queues"),
        api.get("secrets")]);
      place.replaceChildren(made(opened,
        { tasks, queues, secrets: secrets.filter(({ name }) => name.startsWith("hook-")) }, onDone));
      place.querySelector("input").focus();
    } catch (error) {
      place.replaceChildren(failure(error, fill));
    }
  };
  fill();
}

function made(opened, known, onDone) {
  return form({
    fields: [
      h("div", { class: "fields" },
        field({ name: "name", label: "Name", required: true, maxlength: 255, hint: "Its jobs are called so." }),
        field({ name: "task", label: "Task", type: "select", required: true, value: "echo",
          options: known.tasks.map(({ name }) => name) }),
        field({ name: "queue", label: "Queue", type: "select", optional: false,
          options: [{ value: "", label: "As the task says" }, ...known.queues.map(({ name }) => name)] })),
      field({ name: "payload", label: "Payload", type: "textarea", rows: 5, mono: true, spellcheck: "false",
        hint: PAYLOAD.cloneNode(true) }),
      signature(known.secrets),
      h("details", { class: "fold" }, h("summary", "Where the parts are in a message"),
        h("p", { class: "hint" },
          "Paths with dots and numbers, such as data.from.0.number. Left empty: under the usual names."),
        h("div", { class: "fields" }, PARTS.map(([name, label]) => field({ name: `fields.${name}`, label, mono: true,
          maxlength: 200, optional: false })))),
    ],
    submit: "Make hook", cancel: { onClick: () => opened.close() },
    onSubmit: async (values, { idempotencyKey }) => {
      const hook = await api.post("hooks", asked(values), { idempotencyKey });
      opened.close();
      shownOnce({
        title: `The address of ${hook.name}`, label: "Address", value: address(hook.path).href,
        hint: "Messages are sent there by POST, as JSON. Whoever knows the address may hand them in, and nothing else.",
      });
      onDone();
    },
  });
}

function signature(secrets) {
  const secret = field({
    name: "signature.secret", label: "Secret", type: "select", optional: false, also: ["signature"],
    options: secrets.length ? secrets.map(({ name }) => name) : [{ value: "", label: "There is none yet" }],
    hint: "One of your secrets whose name begins with hook-.",
  });
  const header = field({ name: "signature.header", label: "Header", placeholder: "X-Hub-Signature-256",
    maxlength: 64 });
  const show = (scheme) => {
    secret.hidden = !scheme;
    header.hidden = scheme !== "sha256";
  };
  show(undefined);
  return h("div", { class: "fields" },
    field({ name: "signature.scheme", label: "How messages are signed", type: "select", optional: false,
      options: SCHEMES, onInput: show }), secret, header);
}

/** What the API takes for the values of the form. Throws ApiError for a payload that is no JSON. */
function asked(values) {
  const under = (start) => Object.fromEntries(Object.entries(values)
    .filter(([name]) => name.startsWith(start)).map(([name, value]) => [name.slice(start.length), value]));
  const { scheme, secret = "", header } = under("signature.");
  const signed = scheme ? { scheme, secret, ...(scheme === "sha256" && header ? { header } : {}) } : null;
  return {
    name: values.name, task: values.task, queue: values.queue ?? null, fields: under("fields."), signature: signed,
    payload: values.payload === undefined ? null : parsed(values.payload),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const details = [{ field: "payload", message: `is no JSON: ${error.message}` }];
    throw new ApiError({ status: 422, code: "VALIDATION_ERROR", message: "The payload is no JSON.", details });
  }
}
