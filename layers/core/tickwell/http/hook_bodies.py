"""What the routes of incoming webhooks take and give."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from typing_extensions import TypedDict

from tickwell.application.manage_hooks import HookTerms, NewHook
from tickwell.domain.hook import Hook, HookSignature, SignatureScheme
from tickwell.domain.instant import iso
from tickwell.http.instants import iso_or_none
from tickwell.http.job_request import Line
from tickwell.http.strict_body import StrictBody
from tickwell.text_form import TextForm

_PATHS = "A path in the body, with dots: `data.from.0.number`."
_Header = Annotated[
    str,
    TextForm(
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        words="must be the name of a header: 1 to 64 letters, digits and hyphens, such as X-Hub-Signature-256",
    ),
]


class HookFieldsRequest(StrictBody):
    """Where in a message's body its parts are; those that are left out are looked for under the usual names."""

    id: str | None = Field(default=None, min_length=1, max_length=200, description=_PATHS)
    organization: str | None = Field(default=None, min_length=1, max_length=200, description=_PATHS)
    instance: str | None = Field(default=None, min_length=1, max_length=200, description=_PATHS)
    sender: str | None = Field(default=None, min_length=1, max_length=200, description=_PATHS)
    content: str | None = Field(default=None, min_length=1, max_length=200, description=_PATHS)


class HookSignatureRequest(StrictBody):
    """How messages have to be signed.

    `standard`: Standard Webhooks (`webhook-signature`). `sha256`: HMAC-SHA256 of the body in one header.
    """

    secret: str = Field(
        min_length=1, max_length=64, description="The name of a secret of the organization; it begins with `hook-`."
    )
    scheme: Literal["standard", "sha256"] = "standard"
    header: _Header | None = Field(
        default=None, description="For `sha256`: which header; otherwise `X-Hub-Signature-256`."
    )

    @field_validator("header")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return None if value is None else value.lower()

    def to_signature(self) -> HookSignature:
        """The domain's."""
        scheme = SignatureScheme(self.scheme)
        if self.header is None:
            return HookSignature(scheme=scheme, secret=self.secret)
        return HookSignature(scheme=scheme, secret=self.secret, header=self.header)


class HookRequest(StrictBody):
    """An address to make, and what becomes of the messages that come there."""

    name: Line = Field(min_length=1, max_length=255, description="The jobs of its messages are called so.")
    task: str = Field(default="echo", min_length=1, max_length=64)
    queue: str | None = Field(default=None, min_length=1, max_length=100)
    payload: Any = Field(
        default=None,
        description="The payload of the jobs. In its texts `{{message.sender}}` (`id`, `organization`, `instance`, "
        "`sender`, `content`) and `{{body.path.to.it}}` stand for parts of the message. Null: the message itself.",
    )
    fields: HookFieldsRequest = Field(default_factory=HookFieldsRequest)
    signature: HookSignatureRequest | None = None

    def to_terms(self) -> HookTerms:
        """What is asked for."""
        fields = {name: path for name, path in self.fields.model_dump().items() if path is not None}
        return HookTerms(
            name=self.name,
            task=self.task,
            queue=self.queue,
            payload=self.payload,
            fields=fields,
            signature=None if self.signature is None else self.signature.to_signature(),
        )


class HookSignatureBody(TypedDict):
    """How messages have to be signed."""

    secret: str
    scheme: str
    header: str | None


class HookBody(TypedDict):
    """A hook without its address. `last_used_at` is at most an hour behind; null: no message has come."""

    id: str
    name: str
    task: str
    queue: str | None
    payload: Any
    fields: dict[str, str]
    signature: HookSignatureBody | None
    created_by: str
    created_at: str
    last_used_at: str | None


class NewHookBody(HookBody):
    """A hook with its address, which is shown this once: whoever knows it may hand in messages."""

    path: str


class HookListBody(TypedDict):
    """All hooks, oldest first."""

    hooks: list[HookBody]


class DeletedHookBody(TypedDict):
    """A hook that is gone."""

    id: str


class AcceptedMessageBody(TypedDict):
    """The job that a message has become. `message_id`: as its sender gave it; null: the sender gave none."""

    job_id: str
    message_id: str | None


def hook_body(hook: Hook) -> HookBody:
    """``hook`` as it is shown."""
    return HookBody(
        id=hook.hook_id,
        name=hook.name,
        task=hook.task,
        queue=hook.queue,
        payload=hook.payload,
        fields=dict(hook.fields),
        signature=None if hook.signature is None else _signature_body(hook.signature),
        created_by=hook.user_id,
        created_at=iso(hook.created_at),
        last_used_at=iso_or_none(hook.last_used_at),
    )


def new_hook_body(new: NewHook) -> NewHookBody:
    """A hook with its address."""
    return NewHookBody(**hook_body(new.hook), path=f"/hooks/{new.token}")


def _signature_body(signature: HookSignature) -> HookSignatureBody:
    header = signature.header if signature.scheme is SignatureScheme.SHA256 else None
    return HookSignatureBody(secret=signature.secret, scheme=signature.scheme.value, header=header)
