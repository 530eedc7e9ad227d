"""How the keys of named queues are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| queue | ``T#{tenant}#Q`` | ``Q#{name}`` | get; a tenant's queues in one query | 1 write |
| gate | ``T#{tenant}#G#{name}`` | ``G`` | what a queue's limits remember | 1 write per KB: 30 permits |
| parked | ``T#{tenant}#W#{name}`` | ``{due}#{job}#{attempt}#{version}`` | a waiting list | 1 write, 1 to delete |
| with waiting | ``S#W`` | ``{tenant}#{name}`` | the safety sync: which queues have a waiting list | 1 write a minute |
| ended job | ``T#{tenant}#R#{name}`` | ``{C or F}#{ended}#{job}`` | the n-th newest that a queue keeps | 1 write |

Names of queues never hold a ``#``.
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key


def queue_partition(tenant_id: str) -> str:
    """All named queues of a tenant."""
    return f"T#{tenant_id}#Q"


def queue_sort(name: str) -> str:
    """A queue among those of its tenant."""
    return f"Q#{name}"


def queue_key(tenant_id: str, name: str) -> Key:
    """Where a queue is."""
    return Key(queue_partition(tenant_id), queue_sort(name))


def parse_queue_key(key: Key) -> tuple[str, str]:
    """Tenant and name of a queue's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)#Q", key.pk)
    (name,) = match_key(r"Q#(.+)", key.sk)
    return tenant_id, name


def gate_key(tenant_id: str, name: str) -> Key:
    """Where a queue's gate is: apart from the queue, because it changes often."""
    return Key(f"T#{tenant_id}#G#{name}", "G")


def parse_gate_key(key: Key) -> tuple[str, str]:
    """Tenant and queue of a gate's key. Raises UnknownKeyError."""
    tenant_id, name = match_key(r"T#(.+)#G#([^#]+)", key.pk)
    match_key(r"(G)", key.sk)
    return tenant_id, name


def parked_partition(tenant_id: str, name: str) -> str:
    """A queue's waiting list."""
    return f"T#{tenant_id}#W#{name}"


def parked_key(tenant_id: str, name: str, due_ms: int, job_id: str, attempt: int, version: int) -> Key:
    """Where an attempt stands on a waiting list: those due earliest come first.

    ``version`` is the job's when the message was written: a message of before an edit must not stand for one after it.
    """
    return Key(parked_partition(tenant_id, name), f"{due_ms:013d}#{job_id}#{attempt:04d}#{version}")


def parse_parked_key(key: Key) -> tuple[str, str, int, str, int, int]:
    """Tenant, queue, due instant (epoch ms), job, attempt and version of a place on a list. Raises UnknownKeyError."""
    tenant_id, name = match_key(r"T#(.+)#W#([^#]+)", key.pk)
    due, job_id, attempt, version = match_key(r"(\d{13})#(.+)#(\d{4,})#(\d+)", key.sk)
    return tenant_id, name, int(due), job_id, int(attempt), int(version)


WITH_WAITING = "S#W"
"""The partition that names the queues with a waiting list."""


def with_waiting_key(tenant_id: str, name: str) -> Key:
    """Where it is said that a queue has a waiting list."""
    return Key(WITH_WAITING, f"{tenant_id}#{name}")


def parse_with_waiting_key(key: Key) -> tuple[str, str]:
    """Tenant and queue. Raises UnknownKeyError."""
    match_key(r"(S#W)", key.pk)
    tenant_id, name = match_key(r"(.+)#([^#]+)", key.sk)
    return tenant_id, name


def ended_partition(tenant_id: str, name: str) -> str:
    """The ended jobs of a queue that keeps a number of them."""
    return f"T#{tenant_id}#R#{name}"


def ended_key(tenant_id: str, name: str, kind: str, ended_ms: int, job_id: str) -> Key:
    """Where it is said that a job has ended; ``kind`` is C for completed jobs, F for all others."""
    return Key(ended_partition(tenant_id, name), f"{kind}#{ended_ms:013d}#{job_id}")


def parse_ended_key(key: Key) -> tuple[str, str, str, int, str]:
    """Tenant, queue, kind, end (epoch ms) and job. Raises UnknownKeyError."""
    tenant_id, name = match_key(r"T#(.+)#R#([^#]+)", key.pk)
    kind, ended, job_id = match_key(r"([CF])#(\d{13})#(.+)", key.sk)
    return tenant_id, name, kind, int(ended), job_id
