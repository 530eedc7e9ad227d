// Settings: who belongs to the organization, as what, and who is invited.

import { api } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { session, signOut } from "../lib/session.js";
import { instant } from "../lib/time.js";
import { badge, chip } from "../ui/badge.js";
import { button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { field, form } from "../ui/form.js";
import { card, load, page as head, said } from "../ui/page.js";
import { table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

export const title = "Members";

const ROLES = {
  viewer: "Viewer: sees all", member: "Member: changes jobs", admin: "Admin: people and keys as well",
  owner: "Owner: queues as well, and the end",
};

export default async function page({ root, signal }) {
  const body = head(root, { title, lead: session.can("admin") ? null : "Members are invited by admins and owners." });
  const parts = { members: h("div"), invitations: h("div") };
  fill(body, session.can("admin") && card("Invite somebody", inviting(() => drawInvitations(parts, signal))),
    h("section", { "aria-label": "Members" }, parts.members), session.can("admin") && parts.invitations);
  await Promise.all([drawMembers(parts, signal), session.can("admin") && drawInvitations(parts, signal)]);
}

function inviting(onInvited) {
  const made = form({
    submit: "Invite", compact: true,
    fields: [
      field({ name: "email", label: "E-mail address", type: "email", autocomplete: "off", required: true }),
      field({ name: "role", label: "Role", type: "select", value: "member", required: true, options: mayGive() }),
    ],
    onSubmit: async (values, { idempotencyKey }) => {
      const { email } = await api.post("organization/invitations", values, { idempotencyKey });
      made.reset();
      toast(`A mail to ${email} is on its way. It is good for 7 days.`);
      await onInvited();
    },
  });
  return made;
}

/** Nobody gives a role above the own one. */
function mayGive() {
  return Object.entries(ROLES).filter(([role]) => session.can(role)).map(([value, label]) => ({ value, label }));
}

async function drawMembers(parts, signal) {
  const draw = () => drawMembers(parts, signal);
  await load(parts.members, "table", async () => {
    const { members } = await api.get("organization/members", {}, { signal });
    return table({
      caption: "Members",
      rows: members,
      columns: [
        {
          key: "email", label: "E-mail address", main: true,
          render: (member) => [member.email, isMe(member) && h("span", { class: "quiet" }, " (you)")],
        },
        { key: "role", label: "Role", render: (member) => role(member) },
        { key: "created_at", label: "Since", render: (member) => instant(member.created_at) },
        { key: "remove", label: "", align: "end", render: (member) => removal(member, draw) },
      ],
    });
  });
}

function isMe(member) {
  return member.id === session.user.id;
}

function place(member) {
  return `organization/members/${encodeURIComponent(member.id)}`;
}

function role(member) {
  if (!session.can("admin") || !session.can(member.role)) return chip(member.role);
  const select = h("select", { "aria-label": `Role of ${member.email}`, class: "slim" },
    mayGive().map(({ value }) => h("option", { value, selected: value === member.role }, value)));
  select.addEventListener("change", async () => {
    const before = member.role;
    try {
      Object.assign(member, await api.patch(place(member), { role: select.value }));
      toast(`${member.email} is ${member.role} now`);
      if (isMe(member)) location.reload();
    } catch (error) {
      select.value = before;
      toast(said(error), { kind: "error" });
    }
  });
  return select;
}

function removal(member, onRemoved) {
  if (!session.can("admin") || !session.can(member.role)) return null;
  return button(`Remove ${member.email}`, {
    icon: "trash", kind: "ghost", bare: true,
    onClick: async () => {
      const isDone = await confirm({
        title: isMe(member) ? "Leave the organization?" : `Remove ${member.email}?`, danger: true,
        action: isMe(member) ? "Leave" : "Remove",
        text: "The account and its tokens are dead at once. The jobs stay.",
        act: () => api.delete(place(member)),
      });
      if (!isDone) return;
      if (isMe(member)) await signOut();
      else await onRemoved();
    },
  });
}

async function drawInvitations(parts, signal) {
  const draw = () => drawInvitations(parts, signal);
  await load(parts.invitations, "text", async () => {
    const { invitations } = await api.get("organization/invitations", {}, { signal });
    if (!invitations.length) return null;
    return card("Invited", table({
      caption: "Invitations",
      rows: invitations,
      columns: [
        { key: "email", label: "E-mail address", main: true },
        { key: "role", label: "Role", render: ({ role: as }) => chip(as) },
        { key: "mailed", label: "Mail", render: ({ mailed }) => badge(mailed ? "sent" : "pending") },
        { key: "expires_at", label: "Good until", render: (each) => instant(each.expires_at) },
        { key: "withdraw", label: "", align: "end", render: (each) => withdrawal(each, draw) },
      ],
    }));
  });
}

function withdrawal({ id, email }, onDone) {
  return button("Withdraw", {
    small: true, kind: "ghost",
    onClick: async () => {
      try {
        await api.delete(`organization/invitations/${encodeURIComponent(id)}`);
        toast(`The invitation of ${email} is withdrawn`);
      } catch (error) {
        toast(said(error), { kind: "error" });
      }
      await onDone();
    },
  });
}
