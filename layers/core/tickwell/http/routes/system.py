"""Tasks, and the description of the API."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, plain, success
from tickwell.http.system_bodies import TaskListBody, task_body

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["System"]


@router.get("/api/v1/tasks", summary="The tasks that jobs may name", tags=TAGS, operation_id="listTasks")
def list_tasks(request: Request) -> Response[Annotated[str, Shows(TaskListBody)]]:
    """With the JSON schemas of their payloads."""
    registry = call_of(request).services.registry
    return success(TaskListBody(tasks=[task_body(registry.get(name)) for name in registry.names()]))


@router.get("/openapi.json", summary="This description", tags=TAGS, operation_id="getOpenApiDocument")
def get_openapi_document(request: Request) -> Response[Annotated[str, Shows(dict[str, Any], enveloped=False)]]:
    """OpenAPI 3.1."""
    from tickwell.http.openapi import document  # noqa: PLC0415 - it reads all routes, this one included

    return plain(document(call_of(request).services.version))
