"""The values of files and of the results of jobs in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any, Final

from tickwell.http.example_story import JOB_ID

_NAME: Final = f"images/{JOB_ID}-1.png"
_LINK: Final = (
    "https://example-bucket.s3.eu-central-1.amazonaws.com/tenants/019aa7c2-0000-7000-8000-00000000000a/files/"
    f"{_NAME}?X-Amz-Signature=6a2b"
)
_UNTIL: Final = "2026-11-24T17:20:00.000Z"

FILES: Mapping[str, Any] = {
    "file_name": _NAME,
    **{
        f"{body}.name": _NAME
        for body in ("FileBody", "LinkedFileBody", "UploadBody", "DeletedFileBody", "ExportedFile")
    },
    "FileRequest.name": "reports/may.pdf",
    "FileRequest.size_bytes": 48_213,
    "size_bytes": 48_213,
    "modified_at": "2026-11-24T16:20:00.000Z",
    "content_type": "image/png",
    "LinkedFileBody.url": _LINK,
    "LinkedFileBody.expires_at": _UNTIL,
    "UploadRequestBody.method": "PUT",
    "UploadRequestBody.url": _LINK,
    "UploadRequestBody.headers": {"Content-Type": "image/png", "Content-Length": "48213"},
    "UploadRequestBody.expires_at": _UNTIL,
    "JobResultBody.status": "completed",
    "JobResultBody.output": {
        "files": [
            {
                "file": {
                    "name": _NAME,
                    "content_type": "image/png",
                    "size_bytes": 48_213,
                    "url": _LINK,
                    "expires_at": _UNTIL,
                }
            }
        ]
    },
}
