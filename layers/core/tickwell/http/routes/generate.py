"""Ask for images (S1)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.generate_request import GenerateRequest
from tickwell.http.job_bodies import JobPolicyBody, job_with_policy
from tickwell.http.operation import Shows, success
from tickwell.http.unsent import note_launch

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


@router.post("/api/v1/jobs/generate", summary="Make images", tags=TAGS, operation_id="generateImage", status_code=201)
def generate_image(
    order: Annotated[GenerateRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(JobPolicyBody)]]:
    """A job of the task `generate_image`; `GET /api/v1/jobs/{job_id}/result` has links to the images once it is done.

    It has a limit of its own, 10 requests in a quarter of an hour unless the deployment decides otherwise.
    """
    return _generate(order, request)


@router.post("/api/jobs/generate", summary="The same", tags=TAGS, operation_id="generateImageAlias", status_code=201)
def generate_image_alias(
    order: Annotated[GenerateRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(JobPolicyBody)]]:
    """As `/api/v1/jobs/generate`."""
    return _generate(order, request)


def _generate(order: GenerateRequest, request: Request) -> Response[Annotated[str, Shows(JobPolicyBody)]]:
    call = call_of(request)
    created = call.services.generate_image(call.principal, order.to_new_job().within(call.traceparent))
    note_launch(call, created.job.job_id, launched=created.launched)
    body = job_with_policy(created.job, call.services.clock.now())
    return success(body, message="Job created successfully", status=201)
