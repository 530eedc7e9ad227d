"""Between an outcome and those who are to be told: they are, whatever breaks; what is told twice has the same id."""

import random
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.crash.ground import Engine
from tests.chaos.crash.verdicts import Duplicated, Lost
from tests.chaos.crash.wire import Crash, Sent, Watched, WatchedLane, Wire, watched_fields
from tests.contract.mail_servers import MailServer, Postbox, serve
from tests.notification_lab import Hook, NotificationLab, Standing, mails, new_notification_lab, serve_hook
from tests.world import ADA, task
from tickwell.adapters.embedded.database import Database
from tickwell.domain.errors import TickwellError

HOURLY_ROUNDS = 13
"""Each five minutes, for an hour and more."""


@dataclass(kw_only=True, slots=True)
class Told:
    """How often anybody was told."""

    mails: int
    calls: int
    ahead: Counter[str] = field(default_factory=Counter)


def _break(_payload: Any, _context: Any) -> Any:
    raise ValueError("broke")


def play_telling(folder: Path, wire: Wire, engine: Engine, seed: int) -> Told:
    """A job fails for good; following and delivering break as ``wire`` says, and then go on for an hour.

    Last, all notifications come once more.
    """
    with ExitStack() as servers:
        hook = servers.enter_context(contextmanager(serve_hook)())
        server = servers.enter_context(contextmanager(serve)(Postbox()))
        lab, sent = _new_lab(folder, wire, engine, server)
        servers.callback(lab.close)
        lab.add_webhook(hook.url)
        lab.world.create(task="break", max_retries=0)
        lab.world.work()
        wire.armed = True
        with suppress(Crash, TickwellError):
            lab.follow_all()
            lab.deliver()
        wire.revive()
        for _ in range(HOURLY_ROUNDS):
            lab.world.clock.advance(300)
            lab.follow_all()
            lab.deliver()
        _require_told(lab, server, hook)
        told = Told(mails=len(mails(server.postbox)), calls=len(hook.ids))
        random.Random(seed).shuffle(sent)
        for each in sent:
            each.lane.send([each.outgoing])
        lab.deliver()
        again = Told(mails=len(mails(server.postbox)), calls=len(hook.ids))
        Duplicated.unless(told == again, "a notification that came again was told again")
        return told


def _new_lab(folder: Path, wire: Wire, engine: Engine, server: MailServer) -> tuple[NotificationLab, list[Sent]]:
    ground = engine(wire)
    sent: list[Sent] = []
    databases: list[Database] = []

    def watch(name: str, port: Any) -> Any:
        if name == "queue":
            databases.append(port._database)
            return WatchedLane(wire, name, port, sent)
        return Watched(wire, name, port, counted=name == "feed")

    standing = Standing(stores=watched_fields(wire, ground.stores), feed=ground.feed, close=ground.close)
    tasks = [task("break", _break)]
    lab = new_notification_lab(folder, mail_port=server.port, tasks=tasks, watch=watch, standing=standing)
    wire.state = lambda: (ground.state(), *(database._writer.total_changes for database in databases))
    return lab, sent


def _require_told(lab: NotificationLab, server: MailServer, hook: Hook) -> None:
    (letter,) = lab.world.read.dead_letters(ADA, limit=10, cursor=None).items
    written = {mail["Message-ID"] for mail in mails(server.postbox)}
    Lost.unless(written == {f"<failed-{letter.dead_letter_id}@tickwell.example>"}, f"mails: {written}")
    Lost.unless(set(hook.ids) == {f"failed-{letter.dead_letter_id}"}, f"webhooks: {hook.ids}")
    history = lab.world.core.history
    (execution,) = history.list_executions(ADA.tenant_id, letter.job_id or "", limit=10, cursor=None).items
    noted = [message for message, _ in lab.logs(execution.execution_id)]
    Lost.unless(noted.count("Notification sent") >= 2, f"noted: {noted}")
    Duplicated.unless(len(noted) == 2, f"noted: {noted}")
    depth = lab.queue.depth()
    Lost.unless((depth.waiting, depth.delayed, depth.in_flight) == (0, 0, 0), f"notifications are left: {depth}")
    Lost.unless(lab.feed.read(10) == [], "something was not followed")
