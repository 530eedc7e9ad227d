"""Work per no-op job on AWS: calls and CPU of the process that submits and of the one that works, beside Celery.

One emulator (the local AWS of ``make e2e``) serves both, through a proxy that counts. Messages come in batches of ten,
and are received and deleted by the worker's process, as Lambda would do for Tickwell at no CPU of the function. CPU is
that of the whole process while it does the jobs, its start left out; the emulator's is nobody's.
"""

from tests.bench.aws.lab import Lab
from tests.bench.aws.proxy import proxy
from tests.bench.aws.stack import made_stack
from tests.bench.benches import Run
from tests.bench.results import Goal, Result, Table
from tests.e2e.local_aws import started

JOBS, QUICK_JOBS = 1000, 100
CELERY_JOBS = 400


def aws_worker(run: Run) -> Result:
    """The bench."""
    jobs = QUICK_JOBS if run.quick else JOBS
    with started(run.folder / "aws", iam_enforced=False) as aws, proxy(aws.port) as counted:
        settings = {**aws.environment(), **made_stack(aws), "AWS_ENDPOINT_URL": counted.url}
        lab = Lab(aws=aws, counted=counted, folder=run.folder, settings=settings)
        submitted, worked = lab.tickwell(jobs)
        _, alone = lab.tickwell(jobs, "alone")
        celery_submitted, celery = lab.celery(QUICK_JOBS if run.quick else CELERY_JOBS)
    columns = ["", "calls a job", "CPU ms a job", "the calls"]
    return Result(
        tables=[
            Table(
                title="The worker's process, a no-op job, receive and delete included",
                columns=columns,
                rows=[
                    worked.row("Tickwell"),
                    alone.row("Tickwell, each write a call of its own"),
                    celery.row("Celery, SQS, results in DynamoDB"),
                ],
            ),
            Table(
                title="The process that submits",
                columns=columns,
                rows=[
                    submitted.row("Tickwell, POST /jobs/batch with 100 jobs"),
                    celery_submitted.row("Celery, delay()"),
                ],
            ),
        ],
        goals=[
            Goal(name="calls a job in the worker", figure=worked.calls_per_job, at_most=0.7),
            Goal(name="CPU ms a job in the worker", figure=worked.cpu_ms_per_job, at_most=1.5),
            Goal(name="calls a job submitted in bulk", figure=submitted.calls_per_job, at_most=0.3),
        ],
    )
