// Register: a user with an organization of its own.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { href, navigate } from "../lib/router.js";
import { adopt } from "../lib/session.js";
import { form } from "../ui/form.js";
import { emailField, newPasswordField, outside } from "../ui/outside.js";

export const title = "Register";

export default async function page({ root }) {
  outside(root, {
    title,
    lead: "You get an organization of your own, and can invite others into it.",
    content: form({
      submit: "Create my account",
      fields: [
        emailField(),
        newPasswordField(),
      ],
      onSubmit: async ({ email, password }) => {
        adopt(await api.post("auth/register", { email, password }), false);
        navigate("/", {}, { replace: true });
      },
    }),
    below: h("p", "Have an account already? ", h("a", { href: href("/sign-in") }, "Sign in"), "."),
  });
}
