"""The whole system on the embedded engine: what the local server and a simulation serve and drive."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.embedded.blob_links import SignedPaths
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.adapters.host import ProcessHost
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.passwords import Argon2Hasher
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.adapters.tickets import JwtTickets
from tickwell.adapters.tokens import JwtTokens
from tickwell.application.alert_operator import AlertOperator
from tickwell.application.arming import Arming
from tickwell.application.consume_dead_letters import ConsumeDeadLetters
from tickwell.application.delete_tenant import EraseTenants
from tickwell.application.execute_batch import ExecuteBatch, JobQueue
from tickwell.application.follow_outcomes import Channels, FollowOutcomes
from tickwell.application.health import NotificationQueues
from tickwell.application.heartbeat import Heartbeat
from tickwell.application.notify import Notify
from tickwell.application.ports import Clock, Lanes
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.safety_sync import SafetySync
from tickwell.bootstrap.accounts import Accounts
from tickwell.bootstrap.api import api_services
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.embedded.foundation import Foundation
from tickwell.bootstrap.embedded.queues import Queues, queues_in
from tickwell.bootstrap.embedded.stores import Stores, stores_in
from tickwell.bootstrap.exporting import export_from_database
from tickwell.bootstrap.filing import filing
from tickwell.bootstrap.images import image_makers, on_its_lane
from tickwell.bootstrap.limits import Guards, quotas, request_limits
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.oidc import foreign_tokens
from tickwell.bootstrap.outbound import Outbound
from tickwell.domain.errors import NotFoundError
from tickwell.domain.notification import Channel
from tickwell.http.app import build_app
from tickwell.http.asgi import AsgiApp
from tickwell.http.blob_serving import BlobServing
from tickwell.http.cors import Cors
from tickwell.http.services import ApiServices
from tickwell.http.streams import Streams
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import secrets_of

_FILE_LINK_KEY = "file-link-key"
_JWT_SIGNING_KEY = "jwt-signing-key"
_WATCH_SECONDS = 1.0
_JOBS_AT_ONCE = 500
"""They share a commit; other writers wait for them, some twenty milliseconds."""

HEARTBEAT_INTERVAL = timedelta(seconds=10)
"""How often the process tells that it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedSystem:
    """What is served, and what has to be driven. ``services``: what ``http`` serves, for callers in this process."""

    services: ApiServices
    http: AsgiApp
    lanes: Lanes
    lane_dead_letters: JobQueue
    notifications: Channels
    execute: ExecuteBatch
    safety_sync: SafetySync
    erase_tenants: EraseTenants
    alert_operator: AlertOperator
    consume_dead_letters: ConsumeDeadLetters
    outcome_feed: EmbeddedOutcomeFeed
    expiry: EmbeddedExpiry
    follow_outcomes: FollowOutcomes
    notify: Notify
    heartbeat: Heartbeat
    clock: Clock
    close: Callable[[], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What the use cases are put on."""

    base: Foundation
    stores: Stores
    queues: Queues
    core: Core
    outbound: Outbound
    links: SignedPaths
    signing_keys: tuple[str, ...]


def embedded_system(base: Foundation) -> EmbeddedSystem:
    """Build the system on ``base``. Raises OSError when its signing key can be neither read nor made."""
    parts = _parts(replace(base, registry=on_its_lane(base.registry, base.settings)))
    queues, core, clock = parts.queues, parts.core, base.clock
    archive = BlobArchive(base.blobs) if base.settings.archive else None
    services = _api(parts)
    return EmbeddedSystem(
        services=services,
        http=build_app(services, local=True, blobs=_blob_serving(parts), streams=_streams(base, services)),
        lanes=queues.lanes,
        lane_dead_letters=queues.lane_dead_letters,
        notifications=queues.notifications,
        execute=_execute(parts),
        erase_tenants=core.erase_tenants(),
        safety_sync=core.safety_sync(sweeps=True),
        alert_operator=AlertOperator(notifications=queues.notifications[Channel.EMAIL], clock=clock),
        consume_dead_letters=core.consume_dead_letters(),
        outcome_feed=EmbeddedOutcomeFeed(base.database),
        expiry=EmbeddedExpiry(base.database, clock, archive),
        follow_outcomes=FollowOutcomes(channels=queues.notifications, webhooks=parts.stores.notifying.webhooks),
        notify=_notify(parts),
        heartbeat=Heartbeat(
            workers=parts.stores.workers, clock=clock, worker_id=base.ids.new(), interval=HEARTBEAT_INTERVAL
        ),
        clock=clock,
        close=base.close,
    )


def _parts(base: Foundation) -> _Parts:
    settings = base.settings
    stores = stores_in(base.database, base.clock)
    queues = queues_in(
        base.database,
        base.clock,
        worker_timeout_seconds=settings.worker_timeout_seconds,
        ahead_seconds=base.ahead_seconds,
    )
    link_key = _ensured(base, _FILE_LINK_KEY)
    return _Parts(
        base=base,
        stores=stores,
        queues=queues,
        core=_core(base, stores, queues),
        outbound=Outbound(
            mailer=base.mailer,
            sender_address=settings.sender_address,
            allow_private_hosts=settings.allow_private_hosts,
            operator_address=settings.operator_address,
            public_url=settings.public_url,
            http=base.http,
            messenger=base.messenger,
            functions=base.functions,
            images=image_makers(settings, base.clock, partial(_openai_key, settings)),
        ),
        links=SignedPaths(link_key, base.clock, settings.public_url or ""),
        signing_keys=(link_key, *_ensured(base, _JWT_SIGNING_KEY).split()),
    )


def _ensured(base: Foundation, name: str) -> str:
    return base.secrets.ensure(name, lambda: secrets.token_urlsafe(48))


def _openai_key(settings: LocalSettings) -> str:
    if settings.openai_api_key is None:
        raise NotFoundError("secret", "openai-api-key")
    return settings.openai_api_key.get_secret_value()


def _core(base: Foundation, stores: Stores, queues: Queues) -> Core:
    settings = base.settings
    return Core(
        jobs=stores.jobs,
        listing=stores.listing,
        caller_keys=stores.caller_keys,
        history=stores.history,
        queues=stores.queues,
        directory=QueueDirectory(stores.queues, base.clock),
        stop_switch=stores.stop_switch,
        audit_log=stores.audit_log,
        erasure=stores.erasure,
        tenant_secrets=base.tenant_secrets,
        arming=Arming(
            due_items=stores.due_items,
            lanes=queues.lanes,
            far_timer=SweepFarTimer(),
            clock=base.clock,
            direct_horizon=settings.direct_horizon,
            together=base.database.together,
        ),
        blobs=base.blobs,
        clock=base.clock,
        ids=base.ids,
        retention=settings.retention,
        longest_attempt=settings.longest_attempt,
        audit_retention=settings.audit_retention,
        jobs_at_once=_JOBS_AT_ONCE,
        secrets_fresh_for=timedelta(0),  # files are at hand
    )


def _api(parts: _Parts) -> ApiServices:
    base, stores, settings = parts.base, parts.stores, parts.base.settings
    return api_services(
        parts.core,
        accounts=_accounts(parts),
        notifying=stores.notifying,
        hooks=stores.hooks,
        measuring=_measuring(parts),
        registry=base.registry,
        guards=Guards(
            limits=request_limits(settings, base.rates, base.clock),
            submissions=stores.submissions,
            quotas=quotas(settings, stores.quotas, base.clock),
            messages_per_minute=settings.hook_limit_per_minute,
        ),
        export_tenant=export_from_database(base.database, base.tenant_secrets, base.blobs, base.clock),
        filing=filing(settings, parts.links),
        stage=settings.stage,
        allowed_origins=settings.allowed_origins,
    )


def _streams(base: Foundation, services: ApiServices) -> Streams | None:
    return Streams(services.live, services.tickets, base.database.data_version) if base.keeps_streams else None


def _blob_serving(parts: _Parts) -> BlobServing:
    return BlobServing(parts.links, parts.base.blobs, Cors(parts.base.settings.allowed_origins))


def _accounts(parts: _Parts) -> Accounts:
    base, stores = parts.base, parts.stores
    keys = KeyRing(lambda: base.secrets.get(_JWT_SIGNING_KEY))
    return Accounts(
        accounts=stores.accounts,
        api_keys=stores.api_keys,
        members=stores.members,
        mails=parts.queues.notifications[Channel.EMAIL],
        hasher=Argon2Hasher(),
        tokens=JwtTokens(keys, base.ids),
        tickets=JwtTickets(keys),
        limiter=base.rates,
        clock=base.clock,
        ids=base.ids,
        foreign=foreign_tokens(base.settings),
    )


def _measuring(parts: _Parts) -> Measuring:
    queues = parts.queues
    return Measuring(
        counts=parts.stores.counts,
        workers=parts.stores.workers,
        host=ProcessHost(),
        notifications=NotificationQueues(
            queues=tuple(queues.notifications.values()), failed=queues.failed_notifications
        ),
    )


def _execute(parts: _Parts) -> ExecuteBatch:
    base = parts.base
    return parts.core.execute(
        registry=base.registry,
        blobs=base.blobs,
        outbound=parts.outbound,
        processes=base.processes,
        secrets=(*parts.signing_keys, *secrets_of(base.settings)),
        watch_seconds=_WATCH_SECONDS,
    )


def _notify(parts: _Parts) -> Notify:
    stores, base = parts.stores, parts.base
    return stores.notifying.notify(
        jobs=stores.jobs,
        history=stores.history,
        accounts=stores.accounts,
        members=stores.members,
        outbound=parts.outbound,
        clock=base.clock,
        ids=base.ids,
    )
