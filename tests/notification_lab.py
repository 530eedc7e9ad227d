"""A world whose outcomes are followed and told: by mail to a real SMTP server, to webhooks on a real HTTP server."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from tests.background_server import answering
from tests.contract.mail_servers import LOOPBACK, Postbox
from tests.contract.store_engines import Stores, embedded_stores
from tests.doubles import NOON, FakeClock
from tests.new_world import new_world
from tests.world import ADA, SENDER, World
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.application.follow_outcomes import FollowOutcomes
from tickwell.application.notify import Notified, Notify
from tickwell.application.ports import Notifications
from tickwell.application.task import Task
from tickwell.application.webhooks import ManageWebhooks
from tickwell.bootstrap.outbound import Outbound
from tickwell.domain.account import Role, User
from tickwell.domain.notification import Channel
from tickwell.domain.outcome_event import EventType, OutcomeEvent
from tickwell.domain.webhook import WebhookEndpoint
from tickwell.messages import decode_notification, encode_notification

OPERATOR = "operator@tickwell.example"
OWNER = "ada@example.com"
ALL_EVENTS = (EventType.FAILED, EventType.TIMED_OUT, EventType.PAUSED)


@dataclass(kw_only=True)
class Hook:
    """A server of webhooks: what came, and what it answers."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    before_answer: Callable[[], object] = lambda: None
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What came, as JSON."""
        return [json.loads(body) for _, body in self.seen]

    @property
    def ids(self) -> list[str]:
        """The ``webhook-id`` of everything that came."""
        return [headers["webhook-id"] for headers, _ in self.seen]


def serve_hook() -> Iterator[Hook]:
    """Run one until the generator is closed. It answers with ``statuses`` in turn, the last one repeated; else 204."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            hook.before_answer()
            status = 204
            if hook.statuses:
                status = hook.statuses.pop(0) if len(hook.statuses) > 1 else hook.statuses[0]
            self.send_response(status)
            self.send_header("Location", f"{hook.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    hook.url = f"http://{LOOPBACK}:{server.server_port}/hooks/s3cret-path"
    with answering(server):
        yield hook


def mails(postbox: Postbox) -> list[EmailMessage]:
    """What a mail server took."""
    return [message_from_bytes(content, policy=policy.default) for content in postbox.contents]


class Feed(Protocol):
    """What has happened and was not followed yet."""

    def read(self, limit: int) -> Sequence[tuple[int, OutcomeEvent]]:
        """The oldest ones, with their numbers."""
        ...

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """They were followed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The stores of an engine, and what follows from what is written to them."""

    stores: Stores
    feed: Feed
    close: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class NotificationLab:
    """``queue`` serves both channels, as on AWS; nothing happens in it unless ``pump`` is called."""

    world: World
    feed: Feed
    queue: Notifications
    dead_letters: Notifications
    follow: FollowOutcomes
    notify: Notify
    close: Callable[[], None]

    def follow_all(self) -> int:
        """What the table's stream and functions/outcomes do."""
        events = self.feed.read(100)
        sent = self.follow([event for _, event in events])
        self.feed.acknowledge([number for number, _ in events])
        return sent

    def deliver(self) -> list[Notified]:
        """What functions/notifier does with all that is deliverable now."""
        reports = []
        while deliveries := self.queue.receive(10, wait_seconds=0):
            report = self.notify(self.queue, deliveries)
            self.queue.delete([d for d in deliveries if d.message_id not in report.again])
            reports.append(report)
        return reports

    def pump(self) -> list[Notified]:
        """Work, follow, deliver."""
        self.world.work()
        self.follow_all()
        return self.deliver()

    def add_webhook(self, url: str, *events: EventType) -> WebhookEndpoint:
        """An endpoint of Ada's, for all events or just these."""
        manage = ManageWebhooks(webhooks=self.world.notifying.webhooks, clock=self.world.clock, ids=self.world.core.ids)
        return manage.add(ADA, url=url, events=events or ALL_EVENTS, description=None)

    def logs(self, execution_id: str) -> list[tuple[str, Any]]:
        """What the log of an execution says of notifications."""
        entries = self.world.read.logs(ADA, execution_id)
        return [(e.message, e.metadata) for e in entries if e.message.startswith("Notification")]


def new_notification_lab(
    folder: Path,
    *,
    mail_port: int,
    tasks: list[Task[Any]],
    allow_private_hosts: tuple[str, ...] = (LOOPBACK,),
    operator_address: str | None = OPERATOR,
    watch: Callable[[str, Any], Any] = lambda _name, port: port,
    standing: Standing | None = None,
) -> NotificationLab:
    """A lab with one user, Ada. ``watch`` may wrap every port that is called besides the stores."""
    standing = standing or _in_memory()
    stores = standing.stores
    stores.accounts.create(
        User(
            tenant_id=ADA.tenant_id,
            user_id=ADA.user_id,
            email=OWNER,
            password_hash="x",
            role=Role.OWNER,
            created_at=NOON,
            updated_at=NOON,
        )
    )
    world = new_world(folder, stores, tasks=tasks)
    database = Database(":memory:")

    def queue(name: str, dead_letter: str | None) -> Notifications:
        return EmbeddedQueue(
            database,
            name,
            dead_letter,
            encode_notification,
            decode_notification,
            stores.clock,
            visibility_seconds=90,
            max_receives=15,
        )

    notifications = watch("queue", queue("notifications", "dlq"))
    mailer = SmtpMailer(host=LOOPBACK, port=mail_port, security=SmtpSecurity.PLAIN, clock=stores.clock)
    outbound = Outbound(
        mailer=watch("mailer", mailer),
        sender_address=SENDER,
        allow_private_hosts=allow_private_hosts,
        operator_address=operator_address,
    )
    outbound = replace(outbound, http=watch("http", outbound.http_client()))

    def close() -> None:
        world.close()
        database.close()
        standing.close()

    return NotificationLab(
        world=world,
        feed=watch("feed", standing.feed),
        queue=notifications,
        dead_letters=queue("dlq", None),
        follow=FollowOutcomes(channels=dict.fromkeys(Channel, notifications), webhooks=stores.notifying.webhooks),
        notify=stores.notifying.notify(
            jobs=stores.jobs,
            history=stores.history,
            accounts=stores.accounts,
            members=stores.members,
            outbound=outbound,
            clock=stores.clock,
            ids=stores.ids,
        ),
        close=close,
    )


def _in_memory() -> Standing:
    made = embedded_stores(":memory:", FakeClock())
    return Standing(stores=made.stores, feed=EmbeddedOutcomeFeed(made.database), close=made.database.close)
