// Who is signed in, in this tab (or in all, where the viewer asked to be kept signed in).

import { api, credential } from "./api.js";

const KEY = "tickwell.session";
const RANKS = { viewer: 0, member: 1, admin: 2, owner: 3 };

/** The session of this tab. `user` is null when nobody is signed in. */
export const session = {
  user: null,
  /** The viewer's time zone, such as Europe/Berlin. */
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  get role() {
    return this.user ? this.user.role : null;
  },
  /** Whether the user's role is `role` or above. */
  can(role) {
    return this.user !== null && RANKS[this.user.role] >= RANKS[role];
  },
};

let listener = () => {};

/**
 * Calls `changed(reason, was)` when the session ends ("ended", "signed-out"), or the user's role is another ("role").
 * `was`: whose session it was, and whether it was kept beyond the tab: {user, keep}.
 */
export function onSession(changed) {
  listener = changed;
}

/** Takes up what an earlier visit left. Whether somebody is signed in is known at once; that it still counts, later. */
export function restore() {
  const kept = stored();
  if (kept === null) return;
  credential.token = kept.token;
  session.user = kept.user;
  verify();
}

/** Exchanges e-mail address and password for a session. Throws ApiError. `keep`: beyond this tab. */
export async function signIn(email, password, keep = false) {
  adopt(await api.post("auth/login", { email, password }), keep);
}

/** Takes up the session that an answer brought: {user, token}. */
export function adopt({ user, token }, keep = isKept()) {
  if (!keep) forget(isThis); // what is kept is written over instead: others would take its end for a farewell
  credential.token = token;
  session.user = user;
  store(keep);
}

/** Ends the session at once, here, in the other tabs of the same person where it is kept, and on the server. */
export async function signOut() {
  const farewell = api.post("auth/logout").catch(() => {});
  forget(isTheirs);
  drop("signed-out");
  await farewell;
}

/** Ends the session here; the server has done so already. */
export function drop(reason) {
  const was = { user: session.user, keep: isKept() };
  forget(isThis);
  credential.token = null;
  session.user = null;
  listener(reason, was);
}

async function verify() {
  const { role, id } = session.user;
  const { token } = credential;
  try {
    const user = await api.get("auth/me");
    if (credential.token !== token) return;
    session.user = user;
    store(isKept());
    if (user.role !== role || user.id !== id) listener("role");
  } catch {
    // 401 has ended the session already; whatever else it is, the page itself will tell.
  }
}

credential.onEnded = () => drop("ended");

// What other tabs keep may be a session of somebody else, who must neither lose it nor be followed by this tab.
window.addEventListener("storage", ({ key, oldValue, newValue }) => {
  if (key === KEY && newValue === null && session.user !== null && isTheirs(told(oldValue))) drop("signed-out");
});

/** Whether `kept` is the session of this tab. */
const isThis = (kept) => kept !== null && kept.token === credential.token;

/** Whether `kept` is a session of the same person. */
const isTheirs = (kept) => kept !== null && kept.user.id === session.user.id;

function isKept() {
  return isThis(told(read(() => localStorage.getItem(KEY))));
}

function stored() {
  return told(read(() => sessionStorage.getItem(KEY))) || told(read(() => localStorage.getItem(KEY)));
}

function told(text) {
  const kept = text && read(() => JSON.parse(text));
  return kept && kept.token && kept.user ? kept : null;
}

function store(keep) {
  const text = JSON.stringify({ token: credential.token, user: session.user });
  read(() => (keep ? localStorage : sessionStorage).setItem(KEY, text));
  if (keep) read(() => sessionStorage.removeItem(KEY));
}

/** Takes out of the browser's stores what `isMeant` says of. */
function forget(isMeant) {
  for (const open of [() => sessionStorage, () => localStorage]) {
    read(() => {
      if (isMeant(told(open().getItem(KEY)))) open().removeItem(KEY);
    });
  }
}

/** Browsers may refuse their stores: then the session lives as long as the page. */
function read(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
