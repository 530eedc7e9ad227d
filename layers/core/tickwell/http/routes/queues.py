"""Named queues: create, read, change, pause, resume, delete (S6, S7, S9, B2, E8)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
from tickwell.http.queue_bodies import (
    DeletedQueueBody,
    QueueBody,
    QueueDetailBody,
    QueueListBody,
    queue_body,
    queue_detail_body,
    queue_state_body,
)
from tickwell.http.queue_request import QueuePatch, QueueRequest

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Queues"]


@router.post("/api/v1/queues", summary="Create a queue", tags=TAGS, operation_id="createQueue", status_code=201)
def create_queue(
    queue: Annotated[QueueRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(QueueBody)]]:
    """201; jobs name it with `queue`."""
    call = call_of(request)
    wanted = queue.to_queue(call.principal.tenant_id, call.services.clock.now())
    created = call.services.manage_queues.create(wanted)
    return success(queue_body(created), message="Queue created successfully", status=201)


@router.get("/api/v1/queues", summary="All queues", tags=TAGS, operation_id="listQueues")
def list_queues(request: Request) -> Response[Annotated[str, Shows(QueueListBody)]]:
    """The default queues included."""
    call = call_of(request)
    states = call.services.manage_queues.list_queues(call.principal)
    return success(QueueListBody(queues=[queue_state_body(state) for state in states]))


@router.get("/api/v1/queues/<name>", summary="One queue with its jobs counted", tags=TAGS, operation_id="getQueue")
def get_queue(name: str, request: Request) -> Response[Annotated[str, Shows(QueueDetailBody)]]:
    """Counts all jobs of the tenant: not for polling."""
    call = call_of(request)
    return success(queue_detail_body(call.services.manage_queues.get(call.principal, name)))


@router.patch("/api/v1/queues/<name>", summary="Change a queue", tags=TAGS, operation_id="changeQueue")
def change_queue(
    name: str, changes: Annotated[QueuePatch, Body()], request: Request
) -> Response[Annotated[str, Shows(QueueBody)]]:
    """Limits hold for what starts from now on, within 5 seconds. Jobs keep the policy that they were given."""
    call = call_of(request)
    changed = call.services.manage_queues.change(call.principal, name, changes.apply)
    return success(queue_body(changed), message="Queue updated successfully")


@router.delete("/api/v1/queues/<name>", summary="Delete a queue", tags=TAGS, operation_id="deleteQueue")
def delete_queue(name: str, request: Request) -> Response[Annotated[str, Shows(DeletedQueueBody)]]:
    """Refused while jobs are unfinished in it."""
    call = call_of(request)
    call.services.manage_queues.delete(call.principal, name)
    return success(DeletedQueueBody(name=name), message="Queue deleted successfully")


@router.post("/api/v1/queues/<name>/pause", summary="Pause a queue", tags=TAGS, operation_id="pauseQueue")
def pause_queue(name: str, request: Request) -> Response[Annotated[str, Shows(QueueBody)]]:
    """Its jobs wait; what runs goes on."""
    call = call_of(request)
    paused = call.services.manage_queues.change(call.principal, name, lambda queue, now: queue.paused(now))
    return success(queue_body(paused), message="Queue paused successfully")


@router.post("/api/v1/queues/<name>/resume", summary="Resume a queue", tags=TAGS, operation_id="resumeQueue")
def resume_queue(name: str, request: Request) -> Response[Annotated[str, Shows(QueueBody)]]:
    """Its jobs go on, the first 200 at once, the rest with the safety sync within a minute."""
    call = call_of(request)
    resumed = call.services.manage_queues.change(call.principal, name, lambda queue, now: queue.resumed(now))
    return success(queue_body(resumed), message="Queue resumed successfully")
