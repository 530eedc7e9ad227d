"""How both engines spell workers as JSON text; see ``documents``."""

from tickwell.adapters.documents import VERSION, from_json, to_json
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.lane import Lane
from tickwell.domain.worker import Worker


def worker_text(worker: Worker) -> str:
    """A worker without its id and its expiry."""
    return to_json(
        {
            "v": VERSION,
            "lanes": worker.lanes,
            "running": worker.running,
            "from": to_epoch_ms(worker.started_at),
            "beat": to_epoch_ms(worker.last_heartbeat_at),
        }
    )


def worker_from(worker_id: str, *, expires_ms: int, text: str) -> Worker:
    """What ``worker_text`` wrote."""
    document = from_json(text)
    return Worker(
        worker_id=worker_id,
        lanes=tuple(Lane(lane) for lane in document["lanes"]),
        running=document["running"],
        started_at=from_epoch_ms(document["from"]),
        last_heartbeat_at=from_epoch_ms(document["beat"]),
        expires_at=from_epoch_ms(expires_ms),
    )


def longest_at_work_first(workers: list[Worker]) -> list[Worker]:
    """The order of ``WorkerLog.active``."""
    return sorted(workers, key=lambda worker: (worker.started_at, worker.worker_id))
