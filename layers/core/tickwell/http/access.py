"""Who may do what: the one access table of the API, by operation id.

The gate holds each request against it before anything else is looked at, and the OpenAPI document is told from it.
A test fails for an operation that is missing here, and for a row without an operation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tickwell.domain.account import Principal, Role, Scope
from tickwell.domain.errors import ForbiddenError


class RateClass(StrEnum):
    """Which limit on requests an operation counts for (C23)."""

    READ = "read"
    WRITE = "write"
    GENERATE = "generate"
    PUBLIC = "public"
    HOOK = "hook"
    REGISTER = "register"
    OUTSIDE = "outside"
    EXEMPT = "exempt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What an operation asks of its caller.

    ``role``: the least role; None for anybody, without a credential. ``scope``: what an API key needs beside that;
    None where only a person who has signed in may come. ``repeatable``: takes an ``Idempotency-Key`` (X1).
    ``shows_secret``: its answer holds what is stored as a hash only, and is not kept for a repetition.
    ``by_token``: a token in the body is the credential, which the use case looks at. ``by_ticket``: a ticket in the
    query may take the credential's place.
    """

    role: Role | None
    scope: Scope | None
    rate: RateClass
    repeatable: bool = False
    shows_secret: bool = False
    by_token: bool = False
    by_ticket: bool = False

    @property
    def is_public(self) -> bool:
        """Whether no credential is needed."""
        return self.role is None

    @property
    def told(self) -> str:
        """What is asked for, as the OpenAPI document says it."""
        if self.by_token:
            return "For whoever has the token that the body takes: no other credential is needed."
        if self.role is None:
            return "For anybody: no credential is needed."
        role = f"Takes the role `{self.role.value}`" + (" or above" if self.role is not Role.OWNER else "")
        if self.scope is None:
            return f"{role}. For people who have signed in: an API key is not enough."
        ticket = (
            " A ticket for this path will do in place of the credential that it was got with." if self.by_ticket else ""
        )
        return f"{role}; an API key needs the scope `{self.scope.value}` besides.{ticket}"

    @property
    def is_limited(self) -> bool:
        """Whether its requests are counted."""
        return self.rate is not RateClass.EXEMPT

    def require(self, principal: Principal) -> None:
        """Raises ForbiddenError when ``principal`` may not."""
        if self.role is not None and not principal.role.includes(self.role):
            raise ForbiddenError(f"this takes the role {self.role.at_least}; yours is {principal.role.value}")
        if principal.scopes is None or self.scope in principal.scopes:
            return
        if self.scope is None:
            raise ForbiddenError("this takes a person who has signed in; an API key is not enough")
        raise ForbiddenError(f"this takes an API key with the scope {self.scope.value}")


def _public(rate: RateClass) -> Access:
    return Access(role=None, scope=None, rate=rate)


def _outside() -> Access:
    return Access(role=None, scope=None, rate=RateClass.OUTSIDE, by_token=True)


def _read(scope: Scope | None, role: Role = Role.VIEWER) -> Access:
    return Access(role=role, scope=scope, rate=RateClass.READ)


def _write(scope: Scope | None, role: Role = Role.MEMBER) -> Access:
    return Access(role=role, scope=scope, rate=RateClass.WRITE)


def _post(scope: Scope | None, role: Role = Role.MEMBER, *, shows_secret: bool | None = None) -> Access:
    """Unless said otherwise, what only people may do answers with secrets: keys, tokens."""
    if shows_secret is None:
        shows_secret = scope is None
    return Access(role=role, scope=scope, rate=RateClass.WRITE, repeatable=True, shows_secret=shows_secret)


def _generate(scope: Scope) -> Access:
    return Access(role=Role.MEMBER, scope=scope, rate=RateClass.GENERATE, repeatable=True)


def _follow(scope: Scope) -> Access:
    return Access(role=Role.VIEWER, scope=scope, rate=RateClass.EXEMPT, by_ticket=True)


_ACCOUNTS: Mapping[str, Access] = {
    "register": _public(RateClass.REGISTER),
    "login": _public(RateClass.PUBLIC),
    "logout": Access(role=Role.VIEWER, scope=None, rate=RateClass.READ),
    "changePassword": _write(None, Role.VIEWER),
    "forgotPassword": _public(RateClass.REGISTER),
    "resetPassword": _public(RateClass.PUBLIC),
    "acceptInvitation": _public(RateClass.PUBLIC),
    "getCurrentUser": _read(None),
}

_API_KEYS: Mapping[str, Access] = {
    "createApiKey": Access(role=Role.ADMIN, scope=None, rate=RateClass.WRITE, repeatable=True, shows_secret=True),
    "listApiKeys": _read(None, Role.ADMIN),
    "getApiKey": _read(None, Role.ADMIN),
    "deleteApiKey": _write(None, Role.ADMIN),
}

_LIVE: Mapping[str, Access] = {
    "createTicket": _read(Scope.JOBS_READ),
    "followJob": _follow(Scope.JOBS_READ),
    "followJobAlias": _follow(Scope.JOBS_READ),
    "followStatistics": _follow(Scope.JOBS_READ),
    "followStatisticsAlias": _follow(Scope.JOBS_READ),
}

_ORGANIZATION: Mapping[str, Access] = {
    "getOrganization": _read(Scope.TENANT_READ),
    "listQuotas": _read(Scope.TENANT_READ),
    "deleteOrganization": _write(None, Role.OWNER),
    "exportOrganization": _read(None, Role.OWNER),
    "listAuditRecords": _read(Scope.TENANT_READ, Role.OWNER),
    "changeOrganization": _write(None, Role.ADMIN),
    "listMembers": _read(Scope.TENANT_READ),
    "changeMember": _write(None, Role.ADMIN),
    "removeMember": _write(None, Role.ADMIN),
    "createInvitation": _post(None, Role.ADMIN),
    "listInvitations": _read(None, Role.ADMIN),
    "deleteInvitation": _write(None, Role.ADMIN),
}

_JOBS: Mapping[str, Access] = {
    "createJob": _post(Scope.JOBS_WRITE),
    "createJobs": _post(Scope.JOBS_WRITE),
    "generateImage": _generate(Scope.JOBS_WRITE),
    "generateImageAlias": _generate(Scope.JOBS_WRITE),
    "putJob": _write(Scope.JOBS_WRITE),
    "getJobByKey": _read(Scope.JOBS_READ),
    "applyJobs": _post(Scope.JOBS_WRITE),
    "changeJobs": _post(Scope.JOBS_WRITE),
    "listJobs": _read(Scope.JOBS_READ),
    "listUpcomingJobs": _read(Scope.JOBS_READ),
    "getJob": _read(Scope.JOBS_READ),
    "getJobAlias": _read(Scope.JOBS_READ),
    "updateJob": _write(Scope.JOBS_WRITE),
    "deleteJob": _write(Scope.JOBS_WRITE),
    "deleteJobAlias": _write(Scope.JOBS_WRITE),
    "pauseJob": _post(Scope.JOBS_WRITE),
    "resumeJob": _post(Scope.JOBS_WRITE),
    "cancelJob": _post(Scope.JOBS_WRITE),
    "executeJob": _post(Scope.JOBS_WRITE),
    "listOccurrences": _read(Scope.JOBS_READ),
    "backfillJob": _post(Scope.JOBS_WRITE),
    "retryJob": _post(Scope.JOBS_WRITE),
    "retryJobAlias": _post(Scope.JOBS_WRITE),
    "previewSchedule": _read(Scope.JOBS_READ),
    "listTasks": _read(Scope.JOBS_READ),
}

_HISTORY: Mapping[str, Access] = {
    "listExecutions": _read(Scope.JOBS_READ),
    "getExecution": _read(Scope.JOBS_READ),
    "getExecutionLogs": _read(Scope.JOBS_READ),
    "getExecutionEmail": _read(Scope.JOBS_READ),
    "heartbeatExecution": _outside(),
    "completeExecution": _outside(),
    "failExecution": _outside(),
    "listDeadLetters": _read(Scope.JOBS_READ),
    "getDeadLetter": _read(Scope.JOBS_READ),
    "retryDeadLetter": _post(Scope.JOBS_WRITE),
    "retryDeadLetters": _post(Scope.JOBS_WRITE),
    "deleteDeadLetter": _write(Scope.JOBS_WRITE),
    "deleteDeadLetters": _post(Scope.JOBS_WRITE),
    "getArchivedMonth": _read(Scope.JOBS_READ),
    "listArchivedExecutions": _read(Scope.JOBS_READ),
    "listArchivedDeadLetters": _read(Scope.JOBS_READ),
    "getJobResult": _read(Scope.JOBS_READ),
    "getJobResultAlias": _read(Scope.JOBS_READ),
}

_EMAILS: Mapping[str, Access] = {
    "scheduleEmail": _post(Scope.JOBS_WRITE),
    "scheduleEmailAlias": _post(Scope.JOBS_WRITE),
    "listEmails": _read(Scope.JOBS_READ),
    "listEmailsAlias": _read(Scope.JOBS_READ),
    "getEmailStatistics": _read(Scope.JOBS_READ),
    "getEmailStatisticsAlias": _read(Scope.JOBS_READ),
    "getEmail": _read(Scope.JOBS_READ),
    "getEmailAlias": _read(Scope.JOBS_READ),
    "previewEmail": Access(role=Role.VIEWER, scope=Scope.JOBS_READ, rate=RateClass.READ, by_ticket=True),
    "cancelEmail": _write(Scope.JOBS_WRITE),
}

_FILES: Mapping[str, Access] = {
    "createFile": _post(Scope.FILES_WRITE, shows_secret=True),
    "listFiles": _read(Scope.FILES_READ),
    "getFile": _read(Scope.FILES_READ),
    "deleteFile": _write(Scope.FILES_WRITE),
}

_QUEUES: Mapping[str, Access] = {
    "listQueues": _read(Scope.QUEUES_READ),
    "getQueue": _read(Scope.QUEUES_READ),
    "createQueue": _post(Scope.QUEUES_WRITE, Role.OWNER),
    "changeQueue": _write(Scope.QUEUES_WRITE, Role.OWNER),
    "deleteQueue": _write(Scope.QUEUES_WRITE, Role.OWNER),
    "pauseQueue": _post(Scope.QUEUES_WRITE, Role.OWNER),
    "resumeQueue": _post(Scope.QUEUES_WRITE, Role.OWNER),
}

_WEBHOOKS: Mapping[str, Access] = {
    "listWebhooks": _read(Scope.WEBHOOKS_READ, Role.ADMIN),
    "addWebhook": _post(Scope.WEBHOOKS_WRITE, Role.ADMIN),
    "removeWebhook": _write(Scope.WEBHOOKS_WRITE, Role.ADMIN),
    "rotateWebhook": _post(Scope.WEBHOOKS_WRITE, Role.ADMIN),
}

_HOOKS: Mapping[str, Access] = {
    "createHook": _post(Scope.WEBHOOKS_WRITE, Role.ADMIN, shows_secret=True),
    "listHooks": _read(Scope.WEBHOOKS_READ, Role.ADMIN),
    "getHook": _read(Scope.WEBHOOKS_READ, Role.ADMIN),
    "deleteHook": _write(Scope.WEBHOOKS_WRITE, Role.ADMIN),
    "receiveMessage": _public(RateClass.HOOK),
}

_SECRETS: Mapping[str, Access] = {
    "listSecrets": _read(Scope.SECRETS_READ, Role.ADMIN),
    "putSecret": _write(Scope.SECRETS_WRITE, Role.ADMIN),
    "deleteSecret": _write(Scope.SECRETS_WRITE, Role.ADMIN),
}

_SYSTEM: Mapping[str, Access] = {
    "welcome": _public(RateClass.EXEMPT),
    "getHealth": _public(RateClass.EXEMPT),
    "getOpenApiDocument": _public(RateClass.EXEMPT),
    "getAcceptInvitationPage": _public(RateClass.EXEMPT),
    "getDashboardFile": _public(RateClass.EXEMPT),
    "getResetPasswordPage": _public(RateClass.EXEMPT),
    "getReference": _public(RateClass.EXEMPT),
    "getReferenceAlias": _public(RateClass.EXEMPT),
    "getReferenceScript": _public(RateClass.EXEMPT),
    "getReferenceStyle": _public(RateClass.EXEMPT),
    "getDetailedHealth": _read(Scope.TENANT_READ),
    "getApiHealth": _public(RateClass.EXEMPT),
    "getStoreHealth": _public(RateClass.EXEMPT),
    "getRedisHealth": _public(RateClass.EXEMPT),
    "getQueueHealth": _public(RateClass.EXEMPT),
    "getQueueHealthInDetail": _read(Scope.QUEUES_READ, Role.OWNER),
    "getDashboardStatistics": _read(Scope.JOBS_READ),
    "getStatistics": _read(Scope.JOBS_READ),
    "getJobStatistics": _read(Scope.JOBS_READ),
    "getJobStatisticsAlias": _read(Scope.JOBS_READ),
    "getStatisticsSeries": _read(Scope.JOBS_READ),
    "getUsage": _read(Scope.TENANT_READ, Role.ADMIN),
    "listWorkers": _read(Scope.TENANT_READ),
}

ACCESS: Mapping[str, Access] = {
    **_ACCOUNTS,
    **_API_KEYS,
    **_LIVE,
    **_ORGANIZATION,
    **_JOBS,
    **_HISTORY,
    **_EMAILS,
    **_FILES,
    **_QUEUES,
    **_WEBHOOKS,
    **_HOOKS,
    **_SECRETS,
    **_SYSTEM,
}
"""Each operation once, by its id."""
