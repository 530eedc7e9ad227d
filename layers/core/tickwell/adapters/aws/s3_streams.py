"""Objects of any size, moved in pieces: what is in memory is one piece, and a broken connection costs one piece."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.domain.errors import UnavailableError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

_SERVICE: Final = "s3"
_PART_BYTES: Final = 16 * 1024 * 1024
_MOST_PARTS: Final = 9_000
"""S3 takes 10,000."""

_PIECE_BYTES: Final = 1024 * 1024
_TRIES_WITHOUT_A_BYTE: Final = 3


class Download:
    """One version of an object on its way to a file: when it is overwritten meanwhile, that is UnavailableError."""

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._etag: str | None = None
        self._done = 0

    def write_to(self, file: BinaryIO) -> None:
        """Write all of it. A connection that breaks is made anew behind what has arrived."""
        tries = 0
        while True:
            before = self._done
            try:
                self._go_on(file)
            except UnavailableError:
                tries = tries + 1 if self._done == before else 1
                if tries == _TRIES_WITHOUT_A_BYTE:
                    raise
            else:
                return

    def _go_on(self, file: BinaryIO) -> None:
        """Write what is still missing. Raises UnavailableError when it ends early."""
        with service_errors(_SERVICE):
            try:
                if self._etag is None:
                    answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
                else:
                    answer = self._client.get_object(
                        Bucket=self._bucket, Key=self._key, Range=f"bytes={self._done}-", IfMatch=self._etag
                    )
            except ClientError as error:
                if error_code(error) in {"PreconditionFailed", "412"}:
                    raise UnavailableError(_SERVICE, "the object changed while it was read") from error
                raise
            self._etag = answer["ETag"]
            for piece in answer["Body"].iter_chunks(_PIECE_BYTES):
                file.write(piece)
                self._done += len(piece)


class Upload:
    """One file on its way to an object; nobody sees the object before all of it is there."""

    def __init__(self, client: "S3Client", bucket: str, key: str, content_type: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._content_type = content_type

    def read_from(self, file: BinaryIO) -> None:
        """Write all of it: at once where it is small, else in parts. One that fails leaves no parts behind."""
        size = os.fstat(file.fileno()).st_size
        if size <= _PART_BYTES:
            with service_errors(_SERVICE):
                self._client.put_object(
                    Bucket=self._bucket, Key=self._key, Body=file.read(), ContentType=self._content_type
                )
            return
        with service_errors(_SERVICE):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._key, ContentType=self._content_type
            )
        upload_id, done = begun["UploadId"], False
        try:
            self._complete(upload_id, self._parts(upload_id, file, max(_PART_BYTES, -(-size // _MOST_PARTS))))
            done = True
        finally:
            if not done:
                self._abort(upload_id)

    def _parts(self, upload_id: str, file: BinaryIO, part_bytes: int) -> list["CompletedPartTypeDef"]:
        parts: list[CompletedPartTypeDef] = []
        while data := file.read(part_bytes):
            number = len(parts) + 1
            with service_errors(_SERVICE):
                answer = self._client.upload_part(
                    Bucket=self._bucket, Key=self._key, UploadId=upload_id, PartNumber=number, Body=data
                )
            part: CompletedPartTypeDef = {"ETag": answer["ETag"], "PartNumber": number}
            if "ChecksumCRC32" in answer:
                part["ChecksumCRC32"] = answer["ChecksumCRC32"]
            parts.append(part)
        return parts

    def _complete(self, upload_id: str, parts: list["CompletedPartTypeDef"]) -> None:
        try:
            with service_errors(_SERVICE):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=self._key, UploadId=upload_id, MultipartUpload={"Parts": parts}
                )
        except ClientError as error:
            if error_code(error) == "NoSuchUpload":  # the SDK asked again, and the first time had worked; or may have
                raise UnavailableError(_SERVICE, error_code(error)) from error
            raise

    def _abort(self, upload_id: str) -> None:
        """What cannot be removed now, the bucket's own rule removes after a day."""
        with suppress(ClientError, UnavailableError), service_errors(_SERVICE):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=upload_id)
