"""Work per no-op job on AWS: calls and CPU of the process that submits and of the one that works, beside Celery.

One emulator (the local AWS of ``make e2e``) serves both, through a proxy that counts. Messages come in batches of ten,
and are received and deleted by the worker's process, as Lambda would do for Tickwell at no CPU of the function. CPU is
that of the whole process while it does the jobs, its start left out; the emulator's is nobody's.
"""

from collections.abc import Sequence

from tests.bench.awake import awake
from tests.bench.aws.lab import CELERY, Both, Lab
from tests.bench.aws.proxy import proxy
from tests.bench.aws.stack import made_stack
from tests.bench.benches import Run
from tests.bench.environments import NotInstalledError
from tests.bench.results import Goal, Result, Table
from tests.e2e.local_aws import started

JOBS, QUICK_JOBS = 1000, 100
CELERY_JOBS = 400


def aws_worker(run: Run) -> Result:
    """The bench of ``make bench``."""
    with started(run.folder / "aws", iam_enforced=False) as aws, proxy(aws.port) as counted, awake():
        settings = {**aws.environment(), **made_stack(aws), "AWS_ENDPOINT_URL": counted.url}
        lab = Lab(aws=aws, counted=counted, folder=run.folder, settings=settings)
        jobs = QUICK_JOBS if run.quick else JOBS
        own, alone = lab.tickwell(jobs), lab.tickwell(jobs, "alone")
        notes: list[str] = [f"{jobs} jobs; of the peer {CELERY}."]
        rows: list[tuple[str, Both]] = [("Tickwell", own), ("Tickwell, each write a call of its own", alone)]
        try:
            peer = lab.celery(QUICK_JOBS if run.quick else CELERY_JOBS)
            rows.append(("Celery, SQS, results in DynamoDB", peer))
        except NotInstalledError as error:
            notes.append(f"Celery was not measured: {error}")
    return Result(tables=_tables(rows, notes), goals=_goals(own))


def _tables(rows: Sequence[tuple[str, Both]], notes: Sequence[str]) -> list[Table]:
    columns = ["", "calls a job", "CPU ms a job", "the calls"]
    submitted = [("Tickwell, POST /jobs/batch, 100 jobs a request", rows[0][1])]
    submitted += [("Celery, delay()", both) for name, both in rows if name.startswith("Celery")]
    return [
        Table(
            title="The process that works: a no-op job, in batches of ten, receive and delete included",
            columns=columns,
            rows=[both.worked.row(name) for name, both in rows],
            notes=notes,
        ),
        Table(
            title="The process that submits",
            columns=columns,
            rows=[both.submitted.row(name) for name, both in submitted],
        ),
    ]


def _goals(own: Both) -> list[Goal]:
    return [
        Goal(name="calls a job in the worker", figure=own.worked.calls_per_job, at_most=0.7),
        Goal(name="CPU ms a job in the worker", figure=own.worked.cpu_ms_per_job, at_most=1.5),
        Goal(name="calls a job submitted in bulk", figure=own.submitted.calls_per_job, at_most=0.3),
    ]
