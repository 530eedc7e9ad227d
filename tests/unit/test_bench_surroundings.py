"""What benches need around them: cores that stay awake, environments that are whole."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.bench.awake import awake
from tests.bench.environments import NotInstalledError, _once, _run


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="classes of processes as Linux has them")
def test_cores_are_kept_awake_by_what_gives_way_to_all_else() -> None:
    with awake() as spinning:
        assert len(spinning) == len(os.sched_getaffinity(0))
        end = time.monotonic() + 20
        while any(os.sched_getscheduler(pid) != os.SCHED_IDLE for pid in spinning):
            assert time.monotonic() < end
            time.sleep(0.01)
    for pid in spinning:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    done: list[str] = []
    for version in ("1", "1", "2"):
        _once(tmp_path / "peer", version, lambda version=version: done.append(version))  # type: ignore[misc]
    assert done == ["1", "2"]


def test_half_an_installation_is_done_anew(tmp_path: Path) -> None:
    def broken() -> None:
        (tmp_path / "peer" / "half").touch()
        raise NotInstalledError("no network")

    done: list[bool] = []
    with pytest.raises(NotInstalledError):
        _once(tmp_path / "peer", "1", broken)
    _once(tmp_path / "peer", "1", lambda: done.append((tmp_path / "peer" / "half").exists()))
    assert done == [False]


def test_why_something_is_not_to_be_had_is_told() -> None:
    with pytest.raises(NotInstalledError, match="not found anywhere"):
        _run([sys.executable, "-c", "raise SystemExit('not found anywhere')"])
