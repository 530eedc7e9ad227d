"""The attachments of ``send_email``: files of the tenant, read when the mail is sent."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from tickwell.application.ports import BlobInfo
from tickwell.application.task import TaskContext
from tickwell.domain.content_type import ANY_CONTENT, content_type_of, is_content_type
from tickwell.domain.errors import AttemptFailedError, NotFoundError, UnavailableError
from tickwell.domain.mail import LARGEST_ATTACHMENTS_BYTES, Attachment
from tickwell.domain.task_file import file_blob
from tickwell.tasks.file_names import FileName
from tickwell.tasks.payload import Payload

MOST_ATTACHMENTS: Final = 20
_LONGEST_FILENAME: Final = 150
_NOT_IN_FILENAMES: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\/]|=\?")
_INLINE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", re.ASCII)
_OF_MAIL_ITSELF: Final = ("message/", "multipart/")


def _shown_name(value: str) -> str:
    if _NOT_IN_FILENAMES.search(value) or not value.strip():
        raise ValueError('must be a name without control characters, ", \\, / and =?')
    return value


def _media_type(value: str) -> str:
    if not is_content_type(value) or ";" in value or value.lower().startswith(_OF_MAIL_ITSELF):
        raise ValueError("must be a media type such as application/pdf, without parameters")
    return value


def _inline_id(value: str) -> str:
    if not _INLINE_ID.fullmatch(value):
        raise ValueError("must be letters, digits and . _ - @, at most 100, and begin with a letter or a digit")
    return value


class AttachmentPayload(Payload):
    """One of the tenant's files that goes with the mail."""

    file: FileName = Field(description="The name of one of your files")
    filename: Annotated[str, AfterValidator(_shown_name)] | None = Field(
        default=None,
        max_length=_LONGEST_FILENAME,
        description="What recipients see; otherwise the last part of the file's name",
    )
    content_type: Annotated[str, AfterValidator(_media_type)] | None = Field(
        default=None, description="Otherwise that of the file"
    )
    inline_id: Annotated[str, AfterValidator(_inline_id)] | None = Field(
        default=None, description='The HTML shows it: <img src="cid:..."> with this id'
    )

    @property
    def shown_name(self) -> str:
        """What recipients see."""
        return self.filename or self.file.rpartition("/")[2][-_LONGEST_FILENAME:]


async def attached(wanted: Sequence[AttachmentPayload], context: TaskContext) -> tuple[Attachment, ...]:
    """The attachments with their bytes.

    Raises AttemptFailedError: ``ATTACHMENTS_TOO_LARGE`` and ``FILE_NOT_FOUND``, not retryable; ``FILES_UNAVAILABLE``.
    Sizes are looked at first: nothing large is read only to be refused.
    """
    infos = [await _info(one, context) for one in wanted]
    _require_room(sum(info.size_bytes for info in infos))
    found = [await _read(one, info, context) for one, info in zip(wanted, infos, strict=True)]
    _require_room(sum(len(attachment.data) for attachment in found))  # one may have been replaced meanwhile
    return tuple(found)


async def _info(wanted: AttachmentPayload, context: TaskContext) -> BlobInfo:
    blob = file_blob(context.tenant_id, wanted.file)
    try:
        return await asyncio.to_thread(context.blobs.info, blob)
    except NotFoundError as error:
        raise AttemptFailedError("FILE_NOT_FOUND", f"there is no file {wanted.file}", retryable=False) from error
    except UnavailableError as error:
        raise AttemptFailedError("FILES_UNAVAILABLE", "the store of files could not be reached") from error


async def _read(wanted: AttachmentPayload, info: BlobInfo, context: TaskContext) -> Attachment:
    return Attachment(
        filename=wanted.shown_name,
        content_type=wanted.content_type or _type_of(wanted, info),
        data=await context.files.read(wanted.file),
        inline_id=wanted.inline_id,
    )


def _type_of(wanted: AttachmentPayload, info: BlobInfo) -> str:
    """What the store says, or else what its name says; only what a mail can carry as it is."""
    for said in (info.content_type or ANY_CONTENT, content_type_of(wanted.file), content_type_of(wanted.shown_name)):
        bare = said.partition(";")[0].strip().lower()
        if bare != ANY_CONTENT and is_content_type(bare) and not bare.startswith(_OF_MAIL_ITSELF):
            return bare
    return ANY_CONTENT


def _require_room(size_bytes: int) -> None:
    if size_bytes > LARGEST_ATTACHMENTS_BYTES:
        most = LARGEST_ATTACHMENTS_BYTES // (1024 * 1024)
        raise AttemptFailedError(
            "ATTACHMENTS_TOO_LARGE",
            f"the attachments have {size_bytes} bytes together; a mail takes {most} MB: send links to larger files",
            retryable=False,
        )
