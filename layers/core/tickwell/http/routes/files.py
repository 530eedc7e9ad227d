"""Files of the tenant: what tasks read, and what they have made."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tickwell.http.call import call_of
from tickwell.http.file_bodies import (
    DeletedFileBody,
    FileListBody,
    FileRequest,
    LinkedFileBody,
    UploadBody,
    file_list_body,
    linked_file_body,
    upload_body,
)
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit, pagination

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Files"]


@router.post("/api/v1/files", summary="Begin to write a file", tags=TAGS, operation_id="createFile", status_code=201)
def create_file(file: Annotated[FileRequest, Body()], request: Request) -> Response[Annotated[str, Shows(UploadBody)]]:
    """201 with the request that writes it, or overwrites it; until that is sent, nothing has changed."""
    call = call_of(request)
    upload = call.services.files.begin_upload(
        call.principal, file.name, size_bytes=file.size_bytes, content_type=file.content_type
    )
    return success(upload_body(upload), message="Upload prepared successfully", status=201)


@router.get("/api/v1/files", summary="Files, sorted by name", tags=TAGS, operation_id="listFiles")
def list_files(
    request: Request,
    folder: Annotated[str, Query(max_length=700, description="Only those below it, such as `images`.")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response[Annotated[str, Shows(FileListBody)]]:
    """A page of them, without links."""
    call = call_of(request)
    files, more = call.services.files.list(call.principal, folder=folder, after=cursor, limit=limit)
    return success(file_list_body(files, pagination(limit, files[-1].name if more else None)))


@router.get("/api/v1/files/<file_name>", summary="One file", tags=TAGS, operation_id="getFile")
def get_file(file_name: str, request: Request) -> Response[Annotated[str, Shows(LinkedFileBody)]]:
    """With a link by which it can be read. The name's slashes may stand as they are."""
    call = call_of(request)
    return success(linked_file_body(call.services.files.get(call.principal, file_name)))


@router.delete("/api/v1/files/<file_name>", summary="Delete a file", tags=TAGS, operation_id="deleteFile")
def delete_file(file_name: str, request: Request) -> Response[Annotated[str, Shows(DeletedFileBody)]]:
    """At once; links to it lead nowhere then."""
    call = call_of(request)
    call.services.files.delete(call.principal, file_name)
    return success(DeletedFileBody(name=file_name), message="File deleted successfully")
