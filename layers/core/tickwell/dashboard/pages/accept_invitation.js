// Join an organization with the token of a mail.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { href, navigate, setQuery } from "../lib/router.js";
import { adopt } from "../lib/session.js";
import { form } from "../ui/form.js";
import { newPasswordField, outside, tokenField } from "../ui/outside.js";
import { toast } from "../ui/toast.js";

export const title = "Accept the invitation";

export default async function page({ root, query }) {
  const { token } = query;
  setQuery({ token: null });
  outside(root, {
    title,
    lead: "Choose a password, and you are in.",
    content: form({
      submit: "Join",
      fields: [
        !token && tokenField(),
        newPasswordField({ label: "Password", autofocus: true }),
      ],
      onSubmit: async (values) => {
        const joined = await api.post("auth/invitations/accept", { token, ...values });
        adopt(joined, false);
        toast(`Welcome, ${joined.user.email}.`);
        navigate("/", {}, { replace: true });
      },
    }),
    below: h("p", "Have an account already? ", h("a", { href: href("/sign-in") }, "Sign in"), "."),
  });
}
