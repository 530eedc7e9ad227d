// Set a new password with the token of a mail.

import { api } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { href, navigate, setQuery } from "../lib/router.js";
import { form } from "../ui/form.js";
import { newPasswordField, outside, tokenField } from "../ui/outside.js";
import { toast } from "../ui/toast.js";

export const title = "Set a new password";

export default async function page({ root, query }) {
  const { token } = query;
  setQuery({ token: null });
  outside(root, {
    title,
    lead: "You will be signed out everywhere else.",
    content: form({
      submit: "Set the password",
      fields: [
        !token && tokenField(),
        newPasswordField({ label: "New password", autofocus: true }),
      ],
      onSubmit: async (values) => {
        await api.post("auth/password/reset", { token, ...values });
        toast("Your new password is set. Sign in with it.");
        navigate("/sign-in", {}, { replace: true });
      },
    }),
    below: h("p", "Has it expired? ", h("a", { href: href("/forgot-password") }, "Ask for another mail"), "."),
  });
}
