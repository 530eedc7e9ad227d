// Sign in.

import { h } from "../lib/dom.js";
import { href, navigate } from "../lib/router.js";
import { session, signIn } from "../lib/session.js";
import { field, form } from "../ui/form.js";
import { emailField, outside } from "../ui/outside.js";

export const title = "Sign in";

export default async function page({ root, query }) {
  if (session.user !== null) {
    navigate(...target(query.next), { replace: true });
    return;
  }
  outside(root, {
    title,
    lead: query.next ? "To go on where you were." : "To your jobs and what became of them.",
    content: form({
      submit: "Sign in",
      fields: [
        emailField(),
        field({
          name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true,
        }),
        field({ name: "keep", label: "Keep me signed in on this device", type: "checkbox" }),
      ],
      onSubmit: async ({ email, password, keep }) => {
        await signIn(email, password, keep);
        navigate(...target(query.next), { replace: true });
      },
    }),
    below: [
      h("p", h("a", { href: href("/forgot-password") }, "Forgotten your password?")),
      h("p", "New here? ", h("a", { href: href("/register") }, "Register"), "."),
    ],
  });
}

/** Where one was before: a page of the dashboard, and nothing else. */
function target(next) {
  const [path, query] = (next && next.startsWith("/") ? next : "/").split(/\?(.*)/s);
  return [path, Object.fromEntries(new URLSearchParams(query || ""))];
}
