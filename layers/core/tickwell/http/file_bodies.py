"""What the routes about files and results take and give."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.files import LinkedFile, Upload
from tickwell.application.read_result import JobResult
from tickwell.domain.child import listed_under
from tickwell.domain.instant import iso
from tickwell.domain.task_file import FileInfo
from tickwell.http.paging import Pagination
from tickwell.http.strict_body import StrictBody


class FileRequest(StrictBody):
    """A file that is to be written. ``name``: segments of letters, digits and ``. _ = @ + -``, separated by slashes."""

    name: str = Field(min_length=1, max_length=700, description="Such as `reports/may.pdf`.")
    size_bytes: int = Field(ge=0, description="How many bytes will be sent, exactly.")
    content_type: str | None = Field(
        default=None, max_length=127, description="A media type; left out: what the name's ending tells."
    )


class UploadRequestBody(TypedDict):
    """The request that writes the file: ``method`` to ``url`` with just these ``headers``, and no credential.

    ``url`` may be a path on this server.
    """

    method: str
    url: str
    headers: dict[str, str]
    expires_at: str


class UploadBody(TypedDict):
    """A file that may be written now."""

    name: str
    size_bytes: int
    content_type: str
    upload: UploadRequestBody


class FileBody(TypedDict):
    """A file that is there."""

    name: str
    size_bytes: int
    modified_at: str


class LinkedFileBody(FileBody):
    """A file, and where it can be read until ``expires_at``, without a credential.

    ``url`` may be a path on this server.
    """

    content_type: str
    url: str
    expires_at: str


class FileListBody(TypedDict):
    """A page of files, sorted by name."""

    files: list[FileBody]
    pagination: Pagination


class DeletedFileBody(TypedDict):
    """A file that is gone."""

    name: str


class JobResultBody(TypedDict):
    """What the newest successful execution of a job gave.

    Wherever ``output`` has a ``file`` with a name, that has ``url`` and ``expires_at`` besides.
    """

    job_id: str
    status: str
    execution_id: str
    due_at: str
    finished_at: str
    output: Any


def upload_body(upload: Upload) -> UploadBody:
    """``upload`` as it is shown."""
    return UploadBody(
        name=upload.name,
        size_bytes=upload.size_bytes,
        content_type=upload.content_type,
        upload=UploadRequestBody(
            method=upload.link.method,
            url=upload.link.url,
            headers=dict(upload.link.headers),
            expires_at=iso(upload.expires_at),
        ),
    )


def file_body(info: FileInfo) -> FileBody:
    """``info`` as it is shown."""
    return FileBody(name=info.name, size_bytes=info.size_bytes, modified_at=iso(info.modified_at))


def file_list_body(files: Sequence[FileInfo], pagination: Pagination) -> FileListBody:
    """A page."""
    return FileListBody(files=[file_body(info) for info in files], pagination=pagination)


def linked_file_body(file: LinkedFile) -> LinkedFileBody:
    """``file`` as it is shown."""
    return LinkedFileBody(
        **file_body(file.info),
        content_type=file.content_type,
        url=file.download.url,
        expires_at=iso(file.download.expires_at),
    )


def job_result_body(result: JobResult) -> JobResultBody:
    """``result`` as it is shown."""
    execution = result.execution
    return JobResultBody(
        job_id=listed_under(execution.job_id),
        status=result.job.status.value,
        execution_id=execution.execution_id,
        due_at=iso(execution.due_at),
        finished_at=iso(execution.finished_at),
        output=result.output,
    )
