"""Starts ministack, in its own environment, with what it lacks for our functions.

On AWS the files of a layer keep their modes. ministack unpacks layers with ``ZipFile.extractall``, which forgets them,
and then the media layer's ffmpeg could not be run.
"""

import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

from ministack.app import main


class _KeepingModes(zipfile.ZipFile):
    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        super().extractall(path, members, pwd)
        for member in self.infolist():
            if (member.external_attr >> 16) & stat.S_IXUSR and not member.is_dir():
                (Path(path or ".") / member.filename).chmod(0o755)


if __name__ == "__main__":
    zipfile.ZipFile = _KeepingModes  # type: ignore[misc]
    sys.exit(main())
