// The one shape of the pages before one is signed in.

import { fill, h } from "../lib/dom.js";
import { session } from "../lib/session.js";
import { field } from "./form.js";

const RULES = "At least 8 characters, with an upper-case letter, a lower-case letter and a digit.";

/** The address of whoever comes in. */
export function emailField() {
  return field({
    name: "email", label: "E-mail address", type: "email", autocomplete: "username", required: true, autofocus: true,
  });
}

/** A password that is to be, with the rules for it. */
export function newPasswordField(told = {}) {
  return field({
    name: "password", label: "Password", type: "password", autocomplete: "new-password", required: true, hint: RULES,
    ...told,
  });
}

/** The token of a mail, for whoever has come without its link. */
export function tokenField() {
  return field({
    name: "token", label: "Token", mono: true, required: true, spellcheck: "false", hint: "As it stands in the mail.",
  });
}

/** Whose password it is, for those who keep passwords: nobody sees it. */
export function username() {
  const value = session.user.email;
  return h("input", { type: "text", autocomplete: "username", value, hidden: true, readonly: true });
}

/** A heading, a lead and the content in a card; `below` it where else one may want to go. */
export function outside(root, { title, lead, content, below }) {
  root.classList.add("stack");
  fill(root,
    h("div", { class: "card stack" },
      h("div", h("h1", { tabindex: "-1" }, title), lead && h("p", { class: "quiet" }, lead)), content),
    below && h("div", { class: "below stack" }, below));
}
