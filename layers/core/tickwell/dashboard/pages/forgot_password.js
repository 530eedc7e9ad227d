// Ask for a mail that lets a new password be set.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { href } from "../lib/router.js";
import { form } from "../ui/form.js";
import { emailField, outside } from "../ui/outside.js";
import { note } from "../ui/page.js";

export const title = "Forgotten password";

export default async function page({ root }) {
  const content = h("div", form({
    submit: "Send the mail",
    fields: emailField(),
    onSubmit: async ({ email }) => {
      await api.post("auth/password/forgot", { email });
      fill(content, note("ok", h("p", { tabindex: "-1", role: "status" },
        `If ${email} has an account, a mail is on its way. What it brings is good for one hour, once.`)));
      content.querySelector("p").focus();
    },
  }));
  outside(root, {
    title, content, lead: "Tell us your address, and a mail will bring a link to set a new one.",
    below: [
      h("p", "Have a token from a mail? ", h("a", { href: href("/reset-password") }, "Set a new password"), "."),
      h("p", h("a", { href: href("/sign-in") }, "Back to sign in")),
    ],
  });
}
