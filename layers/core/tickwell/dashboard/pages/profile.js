// Settings: who one is, and one's password.

import { api } from "../lib/api.js";
import { fill } from "../lib/dom.js";
import { adopt, session } from "../lib/session.js";
import { instant } from "../lib/time.js";
import { chip } from "../ui/badge.js";
import { field, form } from "../ui/form.js";
import { newPasswordField, username } from "../ui/outside.js";
import { card, facts, page as head } from "../ui/page.js";
import { toast } from "../ui/toast.js";

export const title = "Profile";

export default async function page({ root }) {
  const { user } = session;
  const body = head(root, { title });
  fill(body,
    card("You", facts([
      ["E-mail address", user.email],
      ["Role", chip(user.role)],
      ["Member since", instant(user.created_at)],
      ["Time zone of this browser", session.zone],
    ])),
    card("Password", passwordForm()));
}

function passwordForm() {
  const made = form({
    submit: "Change the password",
    fields: [
      username(),
      field({
        name: "old_password", label: "Present password", type: "password", required: true,
        autocomplete: "current-password",
      }),
      newPasswordField({ name: "new_password", label: "New password" }),
    ],
    onSubmit: async (values) => {
      adopt(await api.put("auth/password", values));
      made.reset();
      toast("Your password is changed. Everywhere else you are signed out.");
    },
  });
  made.classList.add("measure");
  return made;
}
