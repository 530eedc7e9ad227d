"""What roles need, held against what they have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from tests.notification_lab import Hook
from tests.permissions.acts import ACTS, walk, what_follows
from tests.permissions.everything import Everything
from tests.permissions.grants import Grant, Names, grants
from tests.permissions.needs import Need, needs_of, needs_of_links, needs_of_schedule
from tests.permissions.services import needs_of_services

KINDS = ("archive", "dead-letters", "executions", "files", "mail", "payloads")
"""The folders of a tenant in the bucket."""

_WHOLE_TENANT = "/tenants/*"
_DISPATCH_QUEUE = {"Fn::GetAtt": ["DispatchQueue", "Arn"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """The difference, in sentences; ``failed`` are operations that did not do what they were to do."""

    needs: Sequence[Need]
    grants: Sequence[Grant]
    calls: int
    failed: Sequence[str] = field(default=())

    @property
    def missing(self) -> list[str]:
        """What is done and not allowed."""
        return sorted({f"{need} is needed" for need in self.needs if not any(g.covers(need) for g in self.grants)})

    @property
    def idle(self) -> list[str]:
        """What is allowed and never done."""
        return sorted(
            {f"{each} is never used" for each in chain(*map(_narrowest, self.grants)) if not self._used(each)}
        )

    def _used(self, grant: Grant) -> bool:
        return any(grant.covers(need) for need in self.needs)


def _narrowest(grant: Grant) -> list[Grant]:
    """A grant on all that a tenant has in the bucket, as one on each kind of it."""
    if not (grant.action.startswith("s3:") and grant.resource.endswith(_WHOLE_TENANT)):
        return [grant]
    return [
        Grant(
            role=grant.role,
            action=grant.action,
            resource=f"{grant.resource}/{kind}/*",
            conditions=grant.conditions,
        )
        for kind in KINDS
    ]


def compared(lab: Everything, hook: Hook, *, far_timer: str) -> Compared:
    """Let everything be done by a stack with ``far_timer``, and compare."""
    failed = walk(lab)
    for act in ACTS:
        act(lab)
    what_follows(lab, hook)
    names = Names({"FarTimer": far_timer})
    needs = {*needs_of_services(names), *needs_of_links(lab.links)}
    for call in lab.recording.calls:
        needs.update(needs_of(call))
        needs.update(needs_of_schedule(call, "ScheduleRole"))
    if far_timer == "sweep":  # what was scheduled before the far timer was changed still fires
        needs.add(Need(role="ScheduleRole", action="sqs:SendMessage", resource=names.resolved(_DISPATCH_QUEUE)))
    return Compared(
        needs=sorted(needs, key=str),
        grants=grants({"FarTimer": far_timer}),
        calls=len(lab.recording.calls),
        failed=failed,
    )
