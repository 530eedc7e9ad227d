// The session has ended while somebody typed: they sign in over the page, and what they typed stays where it is.

import { h } from "../lib/dom.js";
import { session, signIn } from "../lib/session.js";
import { dialog } from "./dialog.js";
import { field, form } from "./form.js";
import { toast } from "./toast.js";

/** Whether something was typed that is not sent yet. */
export function hasTyped() {
  return document.querySelector("form[data-typed]") !== null;
}

/**
 * Asks whose session it was for the password.
 * @param {{user: object, keep: boolean}} was `keep`: beyond this tab
 * @param {{onBack: Function, onLeave: Function}} told `onBack`: the same person is signed in again; `onLeave`: not
 */
export function signInAgain({ user, keep }, { onBack, onLeave }) {
  const opened = dialog({
    title: "Your session has ended",
    content: [
      h("p", `Sign in again as ${user.email}, and what you typed is still there.`),
      form({
        submit: "Sign in", cancel: { label: "Leave without saving", onClick: () => opened.close() },
        fields: [
          h("input", { type: "text", autocomplete: "username", value: user.email, hidden: true, readonly: true }),
          field({
            name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true,
          }),
        ],
        onSubmit: async ({ password }) => {
          await signIn(user.email, password, keep);
          opened.close();
        },
      }),
    ],
    onClose: () => {
      if (session.user === null) {
        onLeave();
        return;
      }
      toast("You are signed in again. What you typed is not sent yet.", { kind: "info" });
      onBack();
    },
  });
}
