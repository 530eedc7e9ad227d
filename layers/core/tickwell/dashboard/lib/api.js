// The API, as the dashboard calls it. All addresses are relative: a deployment may stand under a path.

const NETWORK = "Tickwell cannot be reached. Check your connection.";
const SPREAD = 0.5; // of a time
const LONGEST_MS = 60_000; // a server that says nothing for so long does not answer any more

/** An answer that is no success. `status` 0: there was none. `details`: [{field, message}]; `retryAfter` in seconds. */
export class ApiError extends Error {
  constructor({ status = 0, code = "NETWORK", message = NETWORK, details = [], requestId = null, retryAfter = null }) {
    super(message);
    Object.assign(this, { name: "ApiError", status, code, details, requestId, retryAfter });
  }
}

/** Who calls: the token, and what to do when it does not count any more. lib/session.js keeps it. */
export const credential = { token: null, onEnded: () => {} };

/** From 75 % to 125 % of it: all pages lose a server at one moment, and are not to come again at one. */
export function spread(milliseconds) {
  return milliseconds * (1 - SPREAD / 2 + Math.random() * SPREAD);
}

/** Where something of this deployment is: "jobs" is below api/v1, "/health" below the root. */
export function address(path, params) {
  const place = path.startsWith("/") ? path.slice(1) : `api/v1/${path}`;
  const url = new URL(place, document.baseURI);
  url.hash = "";
  for (const [name, value] of Object.entries(params || {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
  }
  return url;
}

/** A value for `Idempotency-Key`: the same request under it is carried out once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One request. Resolves to {content, status, headers}. Throws ApiError, or the signal's AbortError. */
async function exchange(method, path, { params, body, signal, idempotencyKey } = {}) {
  const { token } = credential;
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const until = AbortSignal.any([AbortSignal.timeout(LONGEST_MS), ...(signal ? [signal] : [])]);
  const sent = { method, headers, signal: until, body: text, credentials: "omit" };
  const answer = await answered(fetch(address(path, params), sent), signal);
  const content = await parsed(answer, signal);
  if (answer.ok) return { content, status: answer.status, headers: answer.headers };
  const error = new ApiError({
    status: answer.status,
    code: content.code || `HTTP_${answer.status}`,
    message: content.message || `The server answered ${answer.status}.`,
    details: Array.isArray(content.details) ? content.details : [],
    requestId: content.request_id || answer.headers.get("x-request-id"),
    retryAfter: Number(answer.headers.get("retry-after")) || null,
  });
  if (error.status === 401 && error.code !== "INVALID_CREDENTIALS" && token && token === credential.token) {
    credential.onEnded();
  }
  throw error;
}

async function answered(promise, signal) {
  try {
    return await promise;
  } catch (error) {
    if (signal && signal.aborted) throw error;
    throw new ApiError({});
  }
}

async function parsed(answer, signal) {
  const text = await answered(answer.text(), signal);
  try {
    const content = JSON.parse(text);
    return content !== null && typeof content === "object" ? content : {};
  } catch {
    return answer.ok && text ? { text } : {};
  }
}

/** The whole answer: {data, message, …} as it came, with the HTTP `status` and `headers`. */
async function whole(method, path, options) {
  const { content, status, headers } = await exchange(method, path, options);
  return { ...content, status, headers };
}

async function data(method, path, options) {
  const { content } = await exchange(method, path, options);
  return "data" in content ? content.data : content;
}

/** `get` and its like resolve to the envelope's `data` (to all of an answer that has no envelope). */
export const api = {
  whole,
  get: (path, params, options = {}) => data("GET", path, { ...options, params }),
  post: (path, body = {}, options = {}) => data("POST", path, { ...options, body }),
  put: (path, body = {}, options = {}) => data("PUT", path, { ...options, body }),
  patch: (path, body = {}, options = {}) => data("PATCH", path, { ...options, body }),
  delete: (path, options = {}) => data("DELETE", path, options),
};

/** Whether `error` is the end of the session, which is told where it is dealt with. */
export function isEnd(error) {
  return error instanceof ApiError && error.status === 401 && error.code !== "INVALID_CREDENTIALS"
    && credential.token === null;
}

/** Whether `error` only says that somebody left. */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
