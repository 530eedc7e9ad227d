"""What a million immediate jobs would cost in two other designs: the one that comes to mind first, and the least.

Both are lists of what is asked of AWS for one job. The naive one is what the systems that Tickwell replaces do: items
for job, execution and log, an index by status, a read before each write, one message at a time.
"""

from typing import Final

from tests.meter.bill import Bill
from tests.meter.prices import CALL_MS, INVOCATION_MS, Charge
from tests.meter.stage import FULL_BATCH, MEMORY_GB


def naive() -> Bill:
    """One request, one message, one invocation for each job."""
    bill = Bill()
    bill.add(Charge.HTTP, 1)
    bill.add(Charge.LAMBDA, 2)
    bill.add(Charge.SQS, 3)
    steps: tuple[tuple[str, int, int], ...] = (
        ("the user is read", 0, 1),
        ("job: is it there, put, its entry in the index by status", 2, 1),
        ("log: created", 1, 0),
        ("job: read, queued, the index's entry moves", 3, 1),
        ("job: read, running, the index's entry moves", 3, 1),
        ("execution: put, its entry in the index", 2, 0),
        ("log: started", 1, 0),
        ("execution: read, ended, the index's entry moves", 3, 1),
        ("job: read, completed, the index's entry moves", 3, 1),
        ("log: completed", 1, 0),
    )
    for _, writes, reads in steps:
        bill.add(Charge.WRITE_UNITS, writes)
        bill.add(Charge.READ_UNITS, reads)
    return _with_time(bill, invocations=2, calls=len(steps) + 6)


def floor() -> Bill:
    """The same durable state: what is to be done, that somebody does it, what came of it; ten in each batch."""
    bill = Bill()
    bill.add(Charge.HTTP, 1)
    bill.add(Charge.LAMBDA, 1 + 1 / FULL_BATCH)
    bill.add(Charge.SQS, 1 / FULL_BATCH * 3)
    bill.add(Charge.WRITE_UNITS, 3)
    return _with_time(bill, invocations=1 + 1 / FULL_BATCH, calls=4)


def _with_time(bill: Bill, *, invocations: float, calls: float) -> Bill:
    bill.add(Charge.LAMBDA_TIME, (invocations * INVOCATION_MS + calls * CALL_MS) / 1000 * MEMORY_GB)
    return bill


MOST_SHARE: Final = 0.1
"""Of a tenant's writes no partition key receives more."""
