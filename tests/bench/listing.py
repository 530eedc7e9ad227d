"""What a page of jobs costs at the beginning and far behind, on each engine: ``python -m tests.bench.listing``.

Both engines are filled through their own stores. A page is asked for by the cursor that the page before it would have
given, and must hold the jobs that stand there. On AWS queries, rows and read units are counted: the emulator does the
work of a query anew each time, so its own time says nothing. Read units are those of the service, from the sizes of
the items that each query gave: half a unit for each 4 KB that was begun, because listings are eventually consistent.
On SQLite, in a file, the steps of its virtual machine are counted, and the time is what this process computes, so that
others on the machine do not count. Most of both goes into the total, which is counted in an index with each page.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto import mock_aws

from tests.contract.dynamodb_probe import noting
from tests.contract.makers import TENANT, job
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import (
    THREADS,
    DynamoStores,
    Stores,
    create_table,
    dynamo_stores,
    embedded_stores,
    new_dynamodb_client,
)
from tests.doubles import NOON, FakeClock
from tickwell.adapters.aws.dynamodb.attributes import item_bytes, plain_item
from tickwell.adapters.job_cursors import job_cursor
from tickwell.application.ports import JobsFound
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job_listing import JobQuery, JobSort, Position

_BATCH = 500
_BYTES_PER_HALF_UNIT = 4096
_CREATED_EVERY_SECONDS = 0.25

ORDERS = tuple(JobQuery(sort_by=by, descending=descending) for by in JobSort for descending in (True, False))


@dataclass(kw_only=True, slots=True)
class Reads:
    """What the queries of one page read."""

    queries: int = 0
    rows: int = 0
    units: float = 0.0

    def note(self, parsed: dict[str, Any], **_: object) -> None:
        """Add one answer."""
        read = sum(item_bytes(plain_item(item)) for item in parsed["Items"])
        self.queries += 1
        self.rows += parsed["ScannedCount"]
        self.units += max(1, -(-read // _BYTES_PER_HALF_UNIT)) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """Stores with many jobs, and where those stand in each order."""

    stores: Stores
    places: dict[JobQuery, list[Position]] = field(default_factory=dict)

    def page(self, query: JobQuery, number: int, limit: int) -> JobsFound:
        """Page ``number`` by cursor; raises AssertionError when it holds anything but what stands there."""
        places = self.places[query]
        first = (number - 1) * limit
        cursor = job_cursor(query, places[first - 1]) if first else None
        found = self.stores.listing.find(TENANT, query, limit=limit, cursor=cursor)
        wanted = [job_id for _, job_id in places[first : first + limit]]
        if [one.job_id for one in found.items] != wanted:
            raise AssertionError(f"page {number} by {query.sort_by} holds other jobs")
        return found


def fill(stores: Stores, count: int) -> Filled:
    """``count`` jobs, four a second, with names and next runs in no order."""
    draw = random.Random(1)
    filled = Filled(stores=stores, places={query: [] for query in ORDERS})
    for at in range(0, count, _BATCH):
        made = []
        for _ in range(min(_BATCH, count - at)):
            now = stores.clock.advance(_CREATED_EVERY_SECONDS)
            next_run_at = NOON + timedelta(seconds=draw.randrange(30 * 86_400))
            name = f"job {draw.randrange(count)}"
            updated_at = now + timedelta(seconds=draw.randrange(3600))
            made.append(job(stores, name=name, next_run_at=next_run_at, created_at=now, updated_at=updated_at))
        stores.jobs.create_many(made)
        for query, places in filled.places.items():
            places.extend(map(query.position, made))
    for query, places in filled.places.items():
        places.sort(reverse=query.descending)
    return filled


def report_aws(jobs: int, limit: int, pages: Sequence[int]) -> Iterator[str]:
    """Lines that say what pages cost on DynamoDB."""
    yield f"aws (emulator), {jobs:,} jobs, pages of {limit}"
    yield f"{'order':18} {'page':>6} {'queries':>8} {'rows':>6} {'read units':>11}"
    with mock_aws(), ThreadPoolExecutor(max_workers=THREADS) as executor:
        client = new_dynamodb_client()
        create_table(client, stream=False)
        dynamodb = dynamo_stores(client, executor)
        filled = fill(dynamodb.stores, jobs)
        for query in ORDERS:
            for number in pages:
                with counted(dynamodb) as reads:
                    try:
                        filled.page(query, number, limit)
                    except InvalidInputError as error:
                        yield f"{order(query):18} {number:6} refused: {error}"
                        break
                yield f"{order(query):18} {number:6} {reads.queries:8} {reads.rows:6} {reads.units:11.1f}"


@contextmanager
def counted(dynamodb: DynamoStores) -> Iterator[Reads]:
    """What the queries inside the block read."""
    reads = Reads()
    with noting(dynamodb, "after-call.dynamodb.Query", reads.note):
        yield reads


def report_sqlite(jobs: int, limit: int, pages: Sequence[int], times: int) -> Iterator[str]:
    """Lines that say how much work and time pages take on SQLite."""
    yield f"sqlite (in a file), {jobs:,} jobs, pages of {limit}, the median of {times}"
    yield f"{'order':18} {'page':>6} {'steps':>9} {'time':>11}"
    with tempfile.TemporaryDirectory() as folder:
        made = embedded_stores(str(Path(folder) / "tickwell.db"), FakeClock())
        with closing(made.database):
            filled = fill(made.stores, jobs)
            for query in ORDERS:
                # In turns: whatever slows the machine down for a while slows all pages down.
                rounds = [[_ms(filled, query, number, limit) for number in pages] for _ in range(times)]
                for number, those in zip(pages, zip(*rounds, strict=True), strict=True):
                    with steps(made.database) as counting:
                        filled.page(query, number, limit)
                    yield f"{order(query):18} {number:6} {counting.taken:9} {statistics.median(those):8.2f} ms"


def _ms(filled: Filled, query: JobQuery, number: int, limit: int) -> float:
    begun = time.process_time()
    filled.page(query, number, limit)
    return (time.process_time() - begun) * 1000


def order(query: JobQuery) -> str:
    """As the API names it."""
    return f"{query.sort_by} {'desc' if query.descending else 'asc'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.listing", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--limit", type=int, default=50, help="jobs on a page")
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--times", type=int, default=21, help="how often each page is timed on SQLite")
    options = parser.parse_args()
    lines = report_sqlite(options.jobs, options.limit, options.pages, options.times)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.writelines(f"{line}\n" for line in report_aws(options.jobs, options.limit, options.pages))


if __name__ == "__main__":
    main()
