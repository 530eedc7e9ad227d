"""The queues that are held beside each other, and how each is run: durable, one worker process, its fastest form."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.environments import (
    NotInstalledError,
    RedisProgram,
    node_environment,
    python_environment,
    redis_program,
)

_PROGRAMS = Path(__file__).parent / "programs"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A queue. ``requirements`` empty: it is Tickwell.

    ``jobs`` are done by the worker in each repeat, some two or three seconds of work; ``singly`` of them are submitted
    one by one, the others together, if the queue has a way to (``in_bulk``).
    """

    name: str
    store: str
    program: str
    requirements: Sequence[str]
    jobs: int
    singly: int
    keeps: str
    is_python: bool = True

    @property
    def in_bulk(self) -> int:
        """How many jobs are submitted together."""
        return self.jobs - self.singly

    @property
    def wants_redis(self) -> bool:
        """Whether it needs a server."""
        return self.store == "Redis"

    @property
    def version(self) -> str:
        """What is installed of it."""
        return ", ".join(self.requirements).replace("==", " ").replace("@", " ")


TICKWELL = Peer(
    name="Tickwell",
    store="SQLite",
    program="tickwell_peer.py",
    requirements=(),
    jobs=20_000,
    singly=1000,
    keeps="job, execution, counts",
)
BULLMQ = Peer(
    name="BullMQ",
    store="Redis",
    program="bullmq_peer.cjs",
    requirements=("bullmq@6.7.0", "ioredis@6.0.0"),
    jobs=15_000,
    singly=1000,
    keeps="job",
    is_python=False,
)
CELERY = Peer(
    name="Celery",
    store="Redis",
    program="celery_peer.py",
    requirements=("celery[redis]==5.7.0",),
    jobs=600,
    singly=600,
    keeps="result, a day",
)
FIELD: Sequence[Peer] = (
    TICKWELL,
    Peer(
        name="huey",
        store="SQLite",
        program="huey_peer.py",
        requirements=("huey==3.5.4",),
        jobs=3000,
        singly=3000,
        keeps="nothing",
    ),
    Peer(
        name="dramatiq",
        store="Redis",
        program="dramatiq_peer.py",
        requirements=("dramatiq[redis]==2.2.1",),
        jobs=2500,
        singly=2500,
        keeps="nothing",
    ),
    Peer(
        name="arq",
        store="Redis",
        program="arq_peer.py",
        requirements=("arq==0.28.0",),
        jobs=1200,
        singly=1200,
        keeps="job, an hour",
    ),
    Peer(
        name="RQ",
        store="Redis",
        program="rq_peer.py",
        requirements=("rq==3.0.0",),
        jobs=800,
        singly=300,
        keeps="job, 500 s",
    ),
    CELERY,
    BULLMQ,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """A peer that is installed. ``more`` is what its program has to be told besides."""

    peer: Peer
    command: Sequence[str]
    redis: RedisProgram | None
    variables: Mapping[str, str]
    more: Mapping[str, Any]


def installed(peer: Peer) -> Runner:
    """Install ``peer`` where that is not done. Raises NotInstalledError."""
    program = str(_PROGRAMS / peer.program)
    redis = redis_program() if peer.wants_redis else None
    variables: dict[str, str] = {}
    more: dict[str, str] = {}
    if not peer.requirements:
        command, variables = [sys.executable, program], {"PYTHONPATH": str(_ROOT)}
    elif peer.is_python:
        command = [str(python_environment(peer.name.lower(), peer.requirements)), program]
    else:
        command, more = ["node", program], {"environment": str(node_environment(peer.name.lower(), peer.requirements))}
    return Runner(peer=peer, command=command, redis=redis, variables=variables, more=more)


def all_installed(peers: Sequence[Peer]) -> tuple[list[Runner], dict[str, str]]:
    """Those that are to be had, and why others are not."""
    runners, missing = [], {}
    for peer in peers:
        try:
            runners.append(installed(peer))
        except NotInstalledError as error:
            missing[peer.name] = str(error)
    return runners, missing
