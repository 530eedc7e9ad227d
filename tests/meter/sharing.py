"""How the writes of one tenant spread over partition keys."""

from tests.meter.bill import Bill
from tests.meter.cases import IMMEDIATE
from tests.meter.stage import FULL_BATCH, open_stage, spent

IN_ONE_REQUEST = 100


def one_by_one(jobs: int) -> Bill:
    """A tenant's jobs, a request for each, one after the other at ten a second."""
    with open_stage() as stage, spent(stage) as bill:
        for number in range(jobs):
            stage.request("POST", "/api/v1/jobs", IMMEDIATE)
            if number % FULL_BATCH == FULL_BATCH - 1:
                stage.pass_time(1)
                stage.work()
            if number % (5 * FULL_BATCH) == 5 * FULL_BATCH - 1:
                stage.follow()
        stage.follow()
        return bill


def in_bulk(jobs: int) -> Bill:
    """A tenant's jobs, a hundred in a request and a second."""
    with open_stage() as stage, spent(stage) as bill:
        for _ in range(0, jobs, IN_ONE_REQUEST):
            stage.request("POST", "/api/v1/jobs/batch", {"jobs": [IMMEDIATE] * IN_ONE_REQUEST})
            stage.pass_time(1)
            stage.work()
            stage.follow()
        return bill
