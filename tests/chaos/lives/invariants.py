"""What is true after each step, whatever broke in it; and what is true when all has come to rest."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from tests.chaos.lives.fate import NARROW
from tests.chaos.lives.ledger import bare
from tests.chaos.lives.life import Life
from tests.chaos.lives.making import CONCURRENCY
from tests.chaos.lives.recount import check_counts, check_tallies
from tests.occurring import occurrences
from tests.pages import every
from tests.world import ADA
from tickwell.application.arming import attempt_message
from tickwell.application.ports import QueueKey
from tickwell.domain.admission import permit_keys
from tickwell.domain.child import parent_of
from tickwell.domain.due import DueItem
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort
from tickwell.domain.queue import effective_queue
from tickwell.domain.retry import RetryAt

TENANT = ADA.tenant_id
SOON = timedelta(days=400)


def check(life: Life, *, number: int) -> None:
    """All of them; what costs a read of its own for each job or order is done in turns, by ``number``."""
    _items(life)
    check_tallies(life)
    _looked_after(life)
    _permits(life)
    _keys(life)
    check_counts(life)
    if number % 4:
        _listed(life, number)
    else:
        _upcoming(life)
    jobs = life.jobs()
    if jobs:
        _history(life, jobs[number % len(jobs)])


def _items(life: Life) -> None:
    """The store has just the jobs that were written, as they were written."""
    stored: list[Job] = []
    after: str | None = None
    while True:
        stretch = life.engine.stores.holdings.jobs(TENANT, after=after, limit=100)
        stored += [bare(job) for _, job in stretch.items]
        if stretch.reached is None:
            break
        after = stretch.reached
    if sorted(stored, key=lambda job: job.job_id) != life.jobs():
        life.ledger.fault("the jobs in the store are not those that were written")


def _looked_after(life: Life) -> None:
    """Whatever is to happen has a due item ahead of the safety sync, or stands on a waiting list: nothing is lost."""
    wanted: list[tuple[str, list[DueItem]]] = []
    for job in life.jobs():
        wanted += [(f"{what} of job {job.job_id}", items) for what, items in _wants(life, job)]
    places = [(item.shard, item.position) for _, items in wanted for item in items]
    known = iter(life.engine.stores.due_items.known(places) if places else ())
    for what, items in wanted:
        if not any(list(islice(known, len(items)))):
            life.ledger.fault(f"nobody looks after {what}")


def _wants(life: Life, job: Job) -> Iterator[tuple[str, list[DueItem]]]:
    """What is to happen to ``job``, each with the due items that are there for it."""
    slot, ledger, is_active = job.slot, life.ledger, job.status is JobStatus.ACTIVE
    if is_active and job.next_run_at is not None and not _is_parked(life, job, job.next_run_at.timestamp(), 1):
        items = ledger.ahead((job.key, job.next_run_at, 1))
        yield "the next run", [item for item in items if item.message.version == job.version]
    if slot is None or _is_parked(life, job, slot.due_at.timestamp(), slot.attempt):
        return
    items = ledger.ahead((job.key, slot.due_at, slot.attempt))
    if slot.is_running():
        yield "the running attempt", list(items)
    elif is_active:
        yield "the next attempt", [item for item in items if item.message.queued or item.message.attempt > 1]


def _is_parked(life: Life, job: Job, due: float, attempt: int) -> bool:
    return any(
        key == job.key and at.timestamp() == due and number == attempt
        for (key, at, number), _version, _queued in life.ledger.parked
    )


def _permits(life: Life) -> None:
    """No more run in a queue than it allows, of those whose worker is not presumed dead, and each has its permit."""
    running = [
        job
        for job in life.jobs()
        if effective_queue(job.queue, job.lane) == NARROW
        and job.slot is not None
        and job.slot.lease_until is not None
        and job.slot.lease_until > life.now
    ]
    if len(running) > CONCURRENCY:
        life.ledger.fault(f"{len(running)} jobs run in a queue that allows {CONCURRENCY}")
    if not running:
        return
    gate = life.engine.stores.queues.gate(QueueKey(tenant_id=TENANT, name=NARROW)).at(life.now)
    held = {permit.key for permit in gate.permits}
    for job in running:
        due_at, attempt = (life.now, 1) if job.slot is None else (job.slot.due_at, job.slot.attempt)
        if held.isdisjoint(permit_keys(attempt_message(job, due_at=due_at, attempt=attempt, run_at=due_at))):
            life.ledger.fault(f"job {job.job_id} runs without its permit")


def _keys(life: Life) -> None:
    """One job has a key, and is found by it."""
    keyed = life.keyed()
    for key, number in Counter(job.caller_key for job in keyed).items():
        if number > 1:
            life.ledger.fault(f"{number} jobs have the key {key}")
    for job in keyed:
        holder = life.engine.stores.caller_keys.find(TENANT, str(job.caller_key))
        if holder is None or holder.job_id != job.job_id:
            life.ledger.fault(f"job {job.job_id} is not found by its key")


def _listed(life: Life, number: int) -> None:
    """An order and a status: each index says what the items say."""
    query = JobQuery(sort_by=list(JobSort)[number % 4], descending=number % 8 < 4)
    if number % 3:
        query = JobQuery(chosen=JobFilter(status=list(JobStatus)[number % 5].value), descending=number % 8 < 4)
    listing = life.engine.stores.listing
    found = every(lambda cursor: listing.find(TENANT, query, limit=100, cursor=cursor))
    meant = sorted(_shown(life), key=query.position, reverse=query.descending)
    expected = [job.job_id for job in meant if query.chosen.status in (None, job.status.value)]
    if [job.job_id for job in found] != expected:
        life.ledger.fault(f"{query.sort_by} of {query.chosen.status} lists other jobs than there are")


def _upcoming(life: Life) -> None:
    """What is listed as to come is what the jobs say."""
    listing, now = life.engine.stores.listing, life.now
    coming = every(lambda cursor: listing.upcoming(TENANT, after=now, until=now + SOON, limit=100, cursor=cursor))
    ahead = sorted(
        (job.next_run_at, job.job_id)
        for job in _shown(life)
        if job.status is JobStatus.ACTIVE and job.next_run_at is not None and job.next_run_at > now
    )
    # A child may be among them for a second, where the clock was set back.
    if [(job.next_run_at, job.job_id) for job in coming if parent_of(job.job_id) is None] != ahead:
        life.ledger.fault("what is to come is not what the jobs say")


def _shown(life: Life) -> list[Job]:
    return [job for job in life.jobs() if parent_of(job.job_id) is None and job.status is not JobStatus.DELETED]


def _history(life: Life, job: Job) -> None:
    """What is told of a job's past is what was recorded and has not expired; each occurrence is told once."""
    history = life.engine.stores.history
    stored = every(lambda cursor: history.list_executions(TENANT, job.job_id, limit=100, cursor=cursor))
    recorded = [
        record.execution_id
        for record in life.ledger.records.values()
        if record.job_id == job.job_id and life.ledger.is_kept(record.expires_at)
    ]
    if sorted(record.execution_id for record in stored) != sorted(recorded):
        life.ledger.fault(f"the executions of job {job.job_id} are not those that were recorded")
    if life.world.core.directory.hides(job, life.now):
        return
    since = life.now - timedelta(days=3)
    told = [entry.due_at for entry in occurrences(life.world, job, since=since, until=life.now)]
    if len(told) != len(set(told)):
        life.ledger.fault(f"an occurrence of job {job.job_id} is told twice")


def check_at_rest(life: Life) -> None:
    """Every job is over, and every occurrence that was begun has come to one end."""
    for job in life.jobs():
        if job.slot is not None or job.pending:
            life.ledger.fault(f"job {job.job_id} ({job.status}) never came to rest: {job.slot}")
        if job.status is JobStatus.ACTIVE:
            life.ledger.fault(f"job {job.job_id} was accepted and never ended, due at {job.next_run_at}")
    letters = Counter((letter.job_id, letter.due_at) for letter in life.ledger.letters.values())
    if any(number > 1 for number in letters.values()):
        life.ledger.fault("an occurrence has two dead letters")


def unfinished(life: Life) -> list[str]:
    """Occurrences whose last record says that another attempt is to come, of jobs that have ended by themselves.

    A job may have been cancelled in the middle of one, and run again since: that one ended with the cancellation. So
    did one that a newer occurrence replaced, where its job asks for that.
    """
    ended = {job.key for job in life.jobs() if job.status in {JobStatus.COMPLETED, JobStatus.FAILED}}
    return [
        f"{key.job_id} {due_at}"
        for (key, due_at), records in life.ledger.by_occurrence.items()
        if key in ended
        and (key, due_at) not in life.ledger.cut_off
        and isinstance(max(records, key=lambda record: record.attempt).decision, RetryAt)
    ]
