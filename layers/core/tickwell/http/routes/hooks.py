"""Incoming webhooks: the tenant's addresses, and the messages that come there (B5)."""

import hashlib
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.domain.hook import LARGEST_MESSAGE_BYTES, Hook
from tickwell.domain.incoming import IncomingMessage
from tickwell.http.access import ACCESS
from tickwell.http.call import Call, call_of
from tickwell.http.errors import BodyTooLargeError
from tickwell.http.exchange import HttpAnswer, HttpRequest
from tickwell.http.hook_bodies import (
    AcceptedMessageBody,
    DeletedHookBody,
    HookBody,
    HookListBody,
    HookRequest,
    NewHookBody,
    hook_body,
    new_hook_body,
)
from tickwell.http.json_body import body_text, parse_value
from tickwell.http.operation import Shows, success
from tickwell.http.repeats import KEY_HEADER

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Hooks"]
_RECEIVE = "receiveMessage"


@router.post("/api/v1/hooks", summary="Create a hook", tags=TAGS, operation_id="createHook", status_code=201)
def create_hook(hook: Annotated[HookRequest, Body()], request: Request) -> Response[Annotated[str, Shows(NewHookBody)]]:
    """201 with the path that other systems send their messages to, which is not shown again. At most 100."""
    call = call_of(request)
    created = call.services.hooks.create(call.principal, hook.to_terms())
    return success(new_hook_body(created), message="Hook created successfully", status=201)


@router.get("/api/v1/hooks", summary="All hooks", tags=TAGS, operation_id="listHooks")
def list_hooks(request: Request) -> Response[Annotated[str, Shows(HookListBody)]]:
    """Oldest first, without their addresses."""
    call = call_of(request)
    return success(HookListBody(hooks=[hook_body(hook) for hook in call.services.hooks.all(call.principal)]))


@router.get("/api/v1/hooks/<hook_id>", summary="One hook", tags=TAGS, operation_id="getHook")
def get_hook(hook_id: str, request: Request) -> Response[Annotated[str, Shows(HookBody)]]:
    """Without its address."""
    call = call_of(request)
    return success(hook_body(call.services.hooks.get(call.principal, hook_id)))


@router.delete("/api/v1/hooks/<hook_id>", summary="Delete a hook", tags=TAGS, operation_id="deleteHook")
def delete_hook(hook_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedHookBody)]]:
    """Its address is unknown at once. Jobs of messages that came before are not touched."""
    call = call_of(request)
    call.services.hooks.delete(call.principal, hook_id)
    return success(DeletedHookBody(id=hook_id), message="Hook deleted successfully")


@router.post("/hooks/<token>", summary="Hand in a message", tags=TAGS, operation_id=_RECEIVE, status_code=202)
def receive_message(token: str, request: Request) -> Response[Annotated[str, Shows(AcceptedMessageBody)]]:
    """The token in the path is all that a sender needs, and a signature where the hook asks for one (401).

    The body is any JSON value of up to 256 KiB. 202: the message is a job, which will run. A message whose id has come
    in the last 24 hours is not taken again, and answered like the first one. The id is where the hook's `fields.id`
    says, or in the header `webhook-id`, `Idempotency-Key` or `X-Message-Id`, or in the body as `message_id`.
    """
    call = call_of(request)
    use = call.services.receive_message
    hook = use.open(token)
    if len(call.body) > LARGEST_MESSAGE_BYTES:
        raise BodyTooLargeError(f"a message may have at most {LARGEST_MESSAGE_BYTES} bytes")
    body = parse_value(body_text(call.headers, call.body))
    message = use.read(hook, call.headers, call.body, body)
    answer = _once(call, hook, message)
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Response(
        status_code=answer.status, content_type=answer.headers["Content-Type"], body=answer.body, headers=headers
    )


def _once(call: Call, hook: Hook, message: IncomingMessage) -> HttpAnswer:
    """The answer to a message, or the one that was given to it before: only its id tells, bodies may be stamped."""

    def accept() -> HttpAnswer:
        created = call.services.receive_message.accept(hook, message, traceparent=call.traceparent)
        data = AcceptedMessageBody(job_id=created.job.job_id, message_id=message.message_id)
        answer = success(data, message="Message accepted", status=202)
        return HttpAnswer(status=202, headers={"Content-Type": str(answer.content_type)}, body=str(answer.body))

    if message.message_id is None:
        return accept()
    key = hashlib.sha256(message.message_id.encode("utf-8", "surrogatepass")).hexdigest()
    known = HttpRequest(
        method="POST",
        path=hook.hook_id,
        query="",
        headers={KEY_HEADER: f"message-{key}"},
        body=b"",
        request_id=call.request_id,
    )
    return call.services.repeats((_RECEIVE, ACCESS[_RECEIVE]), hook.principal, known, accept)
