"""Real kills: servers that share a data directory die again and again, while jobs come in and run."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.figures import Figures
from tests.chaos.kills.disk import Disk, integrity_faults, outcomes
from tests.chaos.kills.fleet import ALL, FIRST_KILLS, KILLS, ONE, STARTING, STOPPING, TASK, Fleet
from tests.chaos.kills.load import NARROW_CONCURRENCY, NARROW_QUEUE, PACED_QUEUE, RECURRING, Answers, Clients, orders
from tests.chaos.kills.receiver import TOLD, Receiver, receiving
from tests.chaos.kills.verdict import LOST, Told, Verdict, read
from tests.chaos.trials import Run
from tests.leaping_server import Leaps
from tests.server_process import eventually
from tests.tasks_package import install_tasks
from tickwell.domain.instant import to_epoch_ms

_JOBS, _JOBS_IN_SHORT = 2_000, 200
_SHORT = {ALL: 1, ONE: 1, STARTING: 1, STOPPING: 1, TASK: 1}
_SERVERS, _SERVERS_IN_SHORT = 3, 2
_CLIENTS = 6
_MOST_WAIT_SECONDS = 3.0
_MOST_LATER_SECONDS = 0.25
_LOOK_SECONDS = 0.1
_STILL = 5
_LONGEST_ANSWERS_SECONDS = 240.0
"""For the requests that are left when the killing is over: a server that died may hold some for half a minute."""

_LEAP, _LONGEST_LEAP, _LONGEST_END = timedelta(seconds=20), timedelta(minutes=10), timedelta(hours=12)

_LEFT = """
    SELECT (SELECT COUNT(*) FROM jobs WHERE status = 'active'), (SELECT COUNT(*) FROM queue_messages),
        (SELECT COUNT(*) FROM outcomes), (SELECT COUNT(*) FROM parked)
"""
_DONE = "SELECT COUNT(*) FROM executions"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lab:
    """What one run is made of."""

    fleet: Fleet
    disk: Disk
    clients: Clients
    receiver: Receiver
    database: Path
    chance: Random


def kills(run: Run) -> Figures:
    """Kill, start, and look, as often as asked; then let all end, and judge."""
    with receiving() as receiver:
        lab = _lab(run, receiver)
        try:
            _kill_first(lab, 1 if run.short else FIRST_KILLS)
            _prepare(lab)
            _kill_all_along(lab, _SHORT if run.short else KILLS)
            lab.clients.finish(_LONGEST_ANSWERS_SECONDS)
            unfinished = _let_end(lab) or _try_again(lab)
            told = _occurrences(lab)
            lab.fleet.stop()
        finally:
            lab.fleet.close()
        return _judged(lab, unfinished, told)


def _lab(run: Run, receiver: Receiver) -> _Lab:
    chance = Random(run.seed)
    data = run.folder / "data"
    disk = Disk(data=data, copies=run.folder / "copies", chance=Random(run.seed + 1))
    leaps = Leaps(run.folder / "leaps")
    fleet = Fleet(
        data=data,
        leaps=leaps,
        settings={
            "PYTHONPATH": install_tasks(run.folder / "site"),
            "TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "TICKWELL_QUOTA_JOBS": "none",
            "TICKWELL_SAFETY_SYNC_INTERVAL_SECONDS": "0.5",
            "TICKWELL_TASK_PROCESSES": "1",
            "TICKWELL_WORKER_CONCURRENCY": "10",
            "TICKWELL_WORKER_TIMEOUT_SECONDS": "60",
        },
        size=_SERVERS_IN_SHORT if run.short else _SERVERS,
        when_dead=disk.look,
    )
    made = orders(_JOBS_IN_SHORT if run.short else _JOBS, receiver.url, chance, lambda: datetime.now(UTC) + leaps.ahead)
    picks = Random(run.seed + 2)
    clients = Clients(made, lambda: fleet.pick(picks), threads=_CLIENTS)
    return _Lab(
        fleet=fleet, disk=disk, clients=clients, receiver=receiver, database=data / "tickwell.db", chance=chance
    )


def _kill_first(lab: _Lab, times: int) -> None:
    """Kill at the first start, in directories of their own, and last in the one that is gone on with."""
    fleet = lab.fleet
    for number in range(1, times):
        folder = fleet.data.with_name(f"data-{number}")
        fleet.kill_first(folder, lab.chance)
        fleet.try_on(folder)
    fleet.kill_first(fleet.data, lab.chance)
    lab.disk.look()


def _prepare(lab: _Lab) -> None:
    """A user, two queues with limits, and somebody to be told of failures."""
    fleet = lab.fleet
    fleet.start()
    server = fleet.servers[0]
    server.register()
    fleet.token = server.token
    for each in fleet.servers:
        each.token = server.token
    server.data("POST", "/api/v1/queues", {"name": NARROW_QUEUE, "concurrency": NARROW_CONCURRENCY})
    server.data("POST", "/api/v1/queues", {"name": PACED_QUEUE, "rate_limit": {"limit": 20, "per_seconds": 1}})
    server.data("POST", "/api/v1/webhooks", {"url": f"{lab.receiver.url}{TOLD}", "events": ["job.failed"]})


def _kill_all_along(lab: _Lab, wanted: Mapping[str, int]) -> None:
    """Let in a share of the orders, kill when a random part of them has been answered, and so on."""
    whats = [what for what, number in wanted.items() for _ in range(number)]
    lab.chance.shuffle(whats)
    share = lab.clients.waiting // (len(whats) + 1)
    for what in whats:
        target = lab.clients.answers.requests + lab.chance.randrange(1, share)
        lab.clients.allow(share)
        _wait_for(lab.clients.answers, target)
        time.sleep(lab.chance.uniform(0, _MOST_LATER_SECONDS))
        lab.fleet.kill(what, lab.chance)


def _wait_for(answers: Answers, requests: int) -> None:
    """Until so many are answered. Those that died with a server are held for a while: the rest does not wait."""
    end = time.monotonic() + _MOST_WAIT_SECONDS
    while answers.requests < requests and time.monotonic() < end:
        time.sleep(0.005)


def _let_end(lab: _Lab) -> str | None:
    """Wait until nothing is left to do; when nothing happens any more, let time pass. What is left when it does not."""
    leap, still, before = _LEAP, 0, (-1,)
    end = lab.fleet.leaps.ahead + _LONGEST_END
    with closing(sqlite3.connect(lab.database, timeout=30)) as connection:
        while any(left := connection.execute(_LEFT).fetchone()):
            now = (*left, *connection.execute(_DONE).fetchone())
            still = still + 1 if now == before else 0
            if now != before:
                leap = _LEAP
            elif still % _STILL == 0:
                lab.fleet.leaps.leap(leap)
                leap = min(leap * 1.5, _LONGEST_LEAP)
            if lab.fleet.leaps.ahead > end:
                return f"after {_LONGEST_END} there are left: active jobs, messages, outcomes, parked = {left}"
            before = now
            time.sleep(_LOOK_SECONDS)
    return None


def _try_again(lab: _Lab) -> str | None:
    """What an operator does about jobs whose workers died twice."""
    server = eventually(lambda: lab.fleet.pick(lab.chance))
    for code in LOST:
        server.data("POST", "/api/v1/dead-letters/retry", {"filter": {"error_code": code}})
    return _let_end(lab)


def _occurrences(lab: _Lab) -> dict[str, list[Told]]:
    """What the API tells of the recurring jobs."""
    server = eventually(lambda: lab.fleet.pick(lab.chance))
    jobs = [job_id for name, job_id in lab.clients.answers.accepted.items() if name.startswith(RECURRING)]
    listed = {job_id: server.data("GET", f"/api/v1/jobs/{job_id}/occurrences?limit=100") for job_id in jobs}
    return {job_id: [_told(entry) for entry in page["occurrences"]] for job_id, page in listed.items()}


def _told(entry: dict[str, Any]) -> Told:
    first, last = entry["due_at"], entry["last_due_at"] or entry["due_at"]
    return _epoch_ms(first), _epoch_ms(last), entry["outcome"]


def _epoch_ms(text: str) -> int:
    return to_epoch_ms(datetime.fromisoformat(text))


def _judged(lab: _Lab, unfinished: str | None, told: Mapping[str, Sequence[Told]]) -> Figures:
    fleet, disk, answers = lab.fleet, lab.disk, lab.clients.answers
    left = read(lab.database)
    verdict = Verdict(left=left, answers=answers, receiver=lab.receiver, told=told)
    end = outcomes(lab.database)
    changed = [f"{key} was {was}, is {end.get(key)}" for key, was in disk.recorded.items() if end.get(key) != was]
    broken = [*disk.faults, *integrity_faults(lab.database, "in the end")]
    found = {
        "lost": [*verdict.lost(), *([unfinished] if unfinished else [])],
        "completions recorded twice": list(verdict.twice()),
        "outcomes changed": changed,
        "keys never seen": list(verdict.never_seen()),
        "orphans": list(verdict.orphans()),
        "starts that failed": fleet.faults,
        "integrity faults": broken,
        "wrong answers": [*answers.faults, *lab.clients.unanswered()],
        "unexpected errors": fleet.errors(),
    }
    return Figures(
        counts={
            "jobs": len(answers.accepted),
            "kills": sum(fleet.kills.values()),
            "processes killed": fleet.killed_processes,
            "starts": fleet.starts,
            "accepted": answers.requests,
            "repeated requests": answers.tries - answers.requests,
            "refused too late": len(answers.late),
            "occurrences": len(left.occurrences),
            "attempts lost": sum(a.status == "lost" for each in left.occurrences.values() for a in each),
            "given up after losses": left.given_up,
            "keys": len(lab.receiver.seen),
            "repeated calls": lab.receiver.seen.total() - len(lab.receiver.seen),
            "copies looked at": disk.looks,
            "torn logs": disk.torn,
        },
        zeros={name: len(faults) for name, faults in found.items()},
        faults=[f"{name}: {fault}" for name, faults in found.items() for fault in faults],
    )
