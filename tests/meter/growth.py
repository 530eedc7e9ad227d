"""What the same work costs beside few jobs and beside very many: counted units."""

from collections.abc import Callable, Mapping

from tests.meter.bill import Bill
from tests.meter.cases import FAR_SECONDS, IMMEDIATE
from tests.meter.crowd import crowd
from tests.meter.stage import Stage, open_stage, spent

TOGETHER = 10


def grown(jobs: int) -> Mapping[str, Bill]:
    """What each kind of work uses where so many jobs wait, and as many have ended."""
    with open_stage() as stage, crowd(stage, waiting=jobs, ended=jobs):
        _settle(stage)
        return {name: _of(stage, work) for name, work in _WORK.items()}


def _settle(stage: Stage) -> None:
    """Let the safety sync come to the present."""
    stage.follow()
    stage.pass_time(60)
    stage.sync(2)
    stage.pass_time(20)


def _of(stage: Stage, work: Callable[[Stage], None]) -> Bill:
    with spent(stage) as bill:
        work(stage)
    return bill


def _create(stage: Stage) -> None:
    for _ in range(TOGETHER):
        stage.request("POST", "/api/v1/jobs", IMMEDIATE)


def _claim(stage: Stage) -> None:
    if stage.work() != TOGETHER:
        raise AssertionError("the jobs that were created are not in the lane")


def _count(stage: Stage) -> None:
    stage.follow()


def _list(stage: Stage) -> None:
    listed = stage.request("GET", "/api/v1/jobs?limit=50")
    if len(listed["jobs"]) != 50:
        raise AssertionError("the first page is not full")


def _list_what_is_to_come(stage: Stage) -> None:
    stage.request("GET", "/api/v1/jobs/upcoming?limit=50")


def _sweep(stage: Stage) -> None:
    for _ in range(TOGETHER):
        stage.request("POST", "/api/v1/jobs", {**IMMEDIATE, "delay_seconds": FAR_SECONDS})
    stage.pass_time(FAR_SECONDS - 14 * 60)
    stage.sync(2)


def _statistics(stage: Stage) -> None:
    stage.request("GET", "/api/v1/dashboard/stats")


_WORK: Mapping[str, Callable[[Stage], None]] = {
    "create ten jobs": _create,
    "claim, run and finish ten": _claim,
    "count them": _count,
    "list the first page": _list,
    "list what is to come": _list_what_is_to_come,
    "create ten that are due later, and sweep them": _sweep,
    "statistics": _statistics,
}
