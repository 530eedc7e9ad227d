"""What each function can be made to do. Whoever teaches a function something new adds it here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import boto3
from moto.s3.models import s3_backends

from tests.access_walk import MAKERS, NOBODYS, operations
from tests.api_hosts import PASSWORD, Client
from tests.contract.queue_engines import REGION
from tests.notification_lab import Hook
from tests.permissions.everything import (
    BREAKS,
    ELSEWHERE,
    FILES,
    HEAVY,
    HEAVY_BREAKS,
    HEAVY_ELSEWHERE,
    HEAVY_FILES,
    LANES,
    LARGE,
    MIDDLING,
    SLEEPS,
    Everything,
)
from tests.permissions.needs import ACCOUNT

JOBS: Final = "/api/v1/jobs"
FILES_PATH: Final = "/api/v1/files"
FAR: Final = 3600
"""A delay in seconds beyond what a lane can hold."""

MAIL: Final = {"task": "send_email", "payload": {"to": "ada@example.com", "subject": "Now", "body": "It is time."}}
PRIORITIES: Final = ("high", "medium", "low")
SAYS: Final = (BREAKS, HEAVY_BREAKS)


def walk(lab: Everything) -> list[str]:
    """Every operation of the API once, on things of its caller; which of them failed."""
    failed = []
    for operation in operations():
        if operation.access.by_token:
            continue  # see ``outside``
        client = lab.user()
        ids = {name: MAKERS[name](lab.api, client) for name in operation.parameters if name in MAKERS}
        answer = operation(client, {**NOBODYS, **ids})
        is_there = answer.status not in {401, 403, 404} or answer.json["code"] == "NO_RESULT"  # of a job that waits
        if answer.status >= 500 or (ids and not is_there):
            failed.append(f"{operation.name}: {answer.status} {answer.body[:300]!r}")
    return failed


def api_with_large_things(lab: Everything) -> None:
    """Payloads, outputs, mail, dead letters and archives that are in the bucket, or are there no more."""
    client = lab.user()
    job_id, breaking = _job(client, payload=LARGE), _job(client, task=BREAKS, payload=MIDDLING, max_retries=0)
    gone = _job(client, payload=LARGE, delay_seconds=60)
    _job(client, **MAIL)
    lab.work()
    for each in (job_id, breaking):
        _shown(client, each)
    _empty_bucket_of_payloads(gone)
    client("GET", f"{JOBS}/{gone}")
    client("PATCH", f"{JOBS}/{gone}", {"payload": LARGE})
    letters = client("GET", "/api/v1/dead-letters").data["dead_letters"]
    for letter in letters:
        client("GET", f"/api/v1/dead-letters/{letter['id']}")
        client("POST", f"/api/v1/dead-letters/{letter['id']}/retry")
        client("DELETE", f"/api/v1/dead-letters/{letter['id']}")
    lab.invoke("Archive", {"Records": lab.stack.records("REMOVE", "OldImage")})
    for what in ("", f"/{lab.now:%Y-%m}/executions", f"/{lab.now:%Y-%m}/dead-letters"):
        client("GET", f"/api/v1/archive{what}")
    _export(client)


def api_with_schedules(lab: Everything) -> None:
    """Jobs that come, change and go, near and far, one by one and many at once."""
    client = lab.user()
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        client("POST", JOBS, {"name": "x", "delay_seconds": FAR}, headers=key)
    client("POST", JOBS, {"name": "x", "cron_expression": "never"}, headers={"Idempotency-Key": "twice"})
    far, recurring = _job(client, delay_seconds=FAR), _job(client, interval_seconds=FAR)
    client("GET", f"{JOBS}/upcoming")
    client("PATCH", f"{JOBS}/{recurring}", {"interval_seconds": 2 * FAR})
    for job_id in (far, recurring):
        for action in ("pause", "resume", "execute", "cancel", "retry"):
            client("POST", f"{JOBS}/{job_id}/{action}")
    many = [{"name": f"job {number}", "delay_seconds": FAR} for number in range(30)]
    client("POST", f"{JOBS}/batch", {"jobs": many})
    for action in ("pause", "resume", "cancel", "retry", "delete"):
        client("POST", f"{JOBS}/bulk", {"action": action, "all": True})
    for jobs in ([{"key": "a/b", "name": "x", "interval_seconds": 60}], []):
        client("POST", f"{JOBS}/apply", {"scope": "a", "prune": True, "jobs": jobs})


def api_with_queues(lab: Everything) -> None:
    """Queues with limits that are full, are changed and deleted."""
    client = lab.user()
    client(
        "POST", "/api/v1/queues", {"name": "narrow", "concurrency": 1, "rate_limit": {"limit": 1, "per_seconds": 60}}
    )
    for _ in range(4):
        _job(client, queue="narrow")
    lab.work(3)
    for action in ("pause", "resume"):
        client("POST", f"/api/v1/queues/narrow/{action}")
    client("PATCH", "/api/v1/queues/narrow", {"concurrency": None, "rate_limit": None})
    lab.work(3)
    client("GET", "/api/v1/queues/default")
    client("DELETE", "/api/v1/queues/narrow")


def api_with_messages(lab: Everything) -> None:
    """Messages to hooks: some have to be signed, some come again."""
    client = lab.user()
    for signature in (None, {"secret": "hook-shop", "scheme": "sha256"}):
        path = client("POST", "/api/v1/hooks", {"name": "a hook", "signature": signature}).data["path"]
        for content in (LARGE, LARGE, "hello"):
            lab.api.anonymous("POST", path, {"message_id": "once", "content": content})


def worker(lab: Everything) -> None:
    """Jobs of all kinds in all lanes: done, tried again near and far, given up, recurring, overlapping, unreadable."""
    client = lab.user()
    for task in (*SAYS, HEAVY, "echo"):
        for payload in (LARGE, MIDDLING):
            _job(client, task=task, payload=payload, max_retries=0)
        for delay in (1, FAR):
            _job(client, task=task, max_retries=2, retry={"strategy": "fixed", "delay_seconds": delay})
        for overlap in ("skip", "queue_one", "queue_all", "cancel_other", "allow"):
            _job(client, task=task, interval_seconds=60, overlap=overlap)
            _job(client, task=task, cron_expression="0 9 * * *", overlap=overlap)
        _job(client, task=task, priority="high")
    _job(client, **MAIL)
    for task in ("echo", HEAVY):  # one for each worker: those of one process remember what they have read
        for _ in range(2):
            client("PUT", f"/api/v1/secrets/of-{task}", {"value": "correct horse"})
        _job(client, task=task, payload=f"{{{{secret:of-{task}}}}}", max_retries=0)
    _mixed_queues(client)
    gone = [_job(client, task=task, payload=LARGE) for task in ("echo", HEAVY)]
    for job_id in gone:
        _empty_bucket_of_payloads(job_id)
    lab.work()
    for lane, function in LANES.items():
        lab.invoke(function, lab.batch(lane, ["{]"]))
    _mixed_queues(client, "-2")
    for _ in range(4):
        lab.now += timedelta(seconds=61)
        lab.work(2)


def files(lab: Everything) -> None:
    """Files come and go by links and by tasks, a large one not to its end; then all that is old is cleaned up."""
    client = lab.user()
    upload = client("POST", FILES_PATH, {"name": "a.txt", "size_bytes": 1}).data["upload"]
    lab.links.append((upload["method"], upload["url"]))
    for task in (FILES, HEAVY_FILES):
        _job(client, task=task, max_retries=0)
    _job(client, payload=LARGE)
    _job(client, **MAIL)
    with lab.recording.throttling("UploadPart"):
        lab.work()
    name = MAKERS["file_name"](lab.api, client)
    lab.links.append(("GET", client("GET", f"{FILES_PATH}/{name}").data["url"]))
    for key in s3_backends[ACCOUNT]["aws"].buckets["blobs"].keys.values():
        key.last_modified = lab.now - timedelta(days=31)
    _job(client, task="cleanup_files", payload={"type": "all"})
    lab.work()
    assert client("GET", FILES_PATH).data["files"] == []


def worker_in_trouble(lab: Everything) -> None:
    """Workers die in the middle, get what has been done already, and have to give back what they cannot do now."""
    client = lab.user()
    for task in (*SAYS, HEAVY, "echo"):
        _job(client, task=task, on_lost="retry")
        _job(client, task=task, interval_seconds=60)
    lab.die_at_work("PutItem", "#X#")
    for task in ("echo", HEAVY):
        for priority in PRIORITIES:
            _job(client, task=task, priority=priority)
    sent = {lane: lab.new_messages(lane) for lane in LANES}
    with lab.recording.throttling("UpdateItem", "BatchExecuteStatement"):
        for lane, bodies in sent.items():
            lab.invoke(LANES[lane], lab.batch(lane, bodies))
    for _ in range(2):
        for lane, bodies in sent.items():
            lab.invoke(LANES[lane], lab.batch(lane, bodies, receives=2))


def outside(lab: Everything) -> None:
    """Attempts that go on outside: their bearers tell of them, their jobs are ended, or nobody does anything."""
    client = lab.user()
    client("POST", "/api/v1/queues", {"name": "outside", "concurrency": 3})
    for task in (ELSEWHERE, HEAVY_ELSEWHERE):
        for retries, delay in ((0, 1), (1, 1), (1, FAR)):
            policy = {"max_retries": retries, "retry": {"strategy": "fixed", "delay_seconds": delay}}
            for more in ({}, {"queue": "outside"}):
                _job(client, task=task, payload=MIDDLING, **more, **policy)
            _job(client, task=task, interval_seconds=FAR, overlap="queue_all", **policy)
            _soon_then_far(lab, client, task=task, pause_after_failures=1, **policy)
    lab.work(3)
    for number, (identity, token) in enumerate(list(lab.handed_on)):
        at, sign = f"/api/v1/executions/{identity}", {"token": token}
        client("POST", f"{at}/heartbeat", {**sign, "percent": 50})
        if number % 4:
            client("POST", f"{at}/fail", {**sign, "retryable": number % 4 == 1})
        else:
            client("POST", f"{at}/complete", {**sign, "output": LARGE})
    lab.work(2)
    for job in client("GET", f"{JOBS}?limit=100").data["jobs"][::3]:
        client("POST", f"{JOBS}/{job['id']}/cancel")
    lab.now += timedelta(minutes=3)
    lab.work(2)
    lab.pass_time(timedelta(minutes=10), step=timedelta(minutes=5))


def dispatcher(lab: Everything) -> None:
    """What EventBridge Scheduler fired, and what nobody can read."""
    client = lab.user()
    for task in ("echo", HEAVY):
        for priority in PRIORITIES:
            _job(client, task=task, priority=priority)
    bodies = [body for lane in LANES for body in lab.new_messages(lane)]
    lab.invoke("Dispatcher", lab.batch("dispatch", [*bodies, "{]"]))
    lab.work()


def dead_letter(lab: Everything) -> None:
    """What lanes gave up: messages of all kinds of jobs, and what nobody can read."""
    client = lab.user()
    for task in ("echo", HEAVY):
        for retries, delay in ((0, 1), (2, 1), (2, FAR)):
            policy = {"max_retries": retries, "retry": {"strategy": "fixed", "delay_seconds": delay}}
            for priority in PRIORITIES:
                _job(client, task=task, priority=priority, payload=MIDDLING, **policy)
            _job(client, task=task, interval_seconds=60, **policy)
            _soon_then_far(lab, client, task=task, pause_after_failures=1, **policy)
    _mixed_queues(client)
    for _ in range(3):
        bodies = [body for lane in LANES for body in lab.new_messages(lane)]
        lab.invoke("DeadLetter", lab.batch("lane-dlq", [*bodies, "{]"]))
        lab.now += timedelta(minutes=16)
    lab.lose_messages()


def safety_sync(lab: Everything) -> None:
    """Messages and workers are lost, far jobs come near, and tenants are deleted."""
    client, leaver = lab.user(), lab.user()
    for task in ("echo", HEAVY):
        _job(client, task=task, delay_seconds=20 * 60)
        _job(client, task=task, interval_seconds=FAR)
        for lost in ("retry", "fail"):
            for delay in (1, FAR):
                retry = {"strategy": "fixed", "delay_seconds": delay}
                _job(client, task=task, on_lost=lost, payload=MIDDLING, max_retries=1, retry=retry)
                _job(client, task=task, on_lost=lost, interval_seconds=60, payload=LARGE, retry=retry)
            _soon_then_far(lab, client, task=task, on_lost=lost, pause_after_failures=1, max_retries=0)
    _slow_queue(client)
    lab.now += timedelta(seconds=61)
    lab.die_at_work("PutItem", "#X#")
    for _ in range(12):  # more than there are shards of due items, so that two of them are finished together
        _job(client)
    lab.die_at_work("UpdateItem", "#executions")
    for task in ("echo", HEAVY):
        for priority in PRIORITIES:
            _job(client, task=task, priority=priority)
    _mixed_queues(client)
    lab.lose_messages()
    lab.pass_time(timedelta(minutes=50), step=timedelta(minutes=10))
    lab.work(2)
    _leave(lab, leaver)
    lab.pass_time(timedelta(minutes=20), step=timedelta(minutes=10))


def what_follows(lab: Everything, hook: Hook) -> None:
    """The table's stream to outcomes and archive, and notifications to mail and webhooks that fail and recover."""
    client = lab.user()
    events = ["job.failed", "execution.timeout", "job.paused"]
    assert client("POST", "/api/v1/webhooks", {"url": hook.url, "events": events}).status == 201
    _job(client, task=SLEEPS, timeout_seconds=1, max_retries=0)
    client("POST", "/api/v1/auth/password/forgot", {"email": client("GET", "/api/v1/auth/me").data["email"]})
    client("POST", "/api/v1/organization/invitations", {"email": "grace@example.com", "role": "member"})
    _job(client, task=BREAKS, max_retries=0)
    _job(client, task=BREAKS, max_retries=0, pause_after_failures=1, interval_seconds=60)
    client("PUT", f"{JOBS}/by-key/a/b", {"name": "x", "task": BREAKS, "max_retries": 0})
    lab.work()
    for name, image in (("INSERT", "NewImage"), ("MODIFY", "NewImage"), ("REMOVE", "OldImage")):
        lab.invoke("Outcomes", {"Records": lab.stack.records(name, image)})
    lab.invoke("Archive", {"Records": lab.stack.records("REMOVE", "OldImage")})
    hook.statuses = [500, 204]
    told = [*lab.new_messages("notify"), "{]"]
    for receives in (1, 2, 20):
        lab.invoke("Notifier", lab.batch("notify", told, receives=receives))


ACTS: Final[tuple[Callable[[Everything], Any], ...]] = (
    api_with_large_things,
    api_with_schedules,
    api_with_queues,
    api_with_messages,
    worker,
    files,
    worker_in_trouble,
    outside,
    dispatcher,
    dead_letter,
    safety_sync,
)


def _job(client: Client, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    job_id: str = answer.data["id"]
    return job_id


def _soon_then_far(lab: Everything, client: Client, **fields: Any) -> None:
    """A recurring job whose first occurrence is in a lane already, and whose second one is far."""
    _job(client, interval_seconds=FAR, start_at=(lab.now + timedelta(seconds=60)).isoformat(), **fields)


def _mixed_queues(client: Client, mark: str = "") -> None:
    """Narrow queues with heavy and other jobs, so that whoever ends lets one go that is in another lane."""
    for priority in PRIORITIES:
        name = f"narrow-{priority}{mark}"
        client("POST", "/api/v1/queues", {"name": name, "priority": priority, "concurrency": 1})
        for task in (HEAVY, "echo", HEAVY, "echo", HEAVY, "echo"):
            _job(client, task=task, queue=name, max_retries=0)


def _slow_queue(client: Client) -> None:
    """Whoever waits in this queue waits for an hour after whoever was before."""
    limits = {"concurrency": 1, "rate_limit": {"limit": 1, "per_seconds": FAR}}
    client("POST", "/api/v1/queues", {"name": "slow", **limits})
    for _ in range(4):
        _job(client, queue="slow")


def _shown(client: Client, job_id: str) -> None:
    client("GET", f"{JOBS}/{job_id}")
    for execution in client("GET", f"{JOBS}/{job_id}/executions").data["executions"]:
        client("GET", f"/api/v1/executions/{execution['id']}")
        client("GET", f"/api/v1/executions/{execution['id']}/logs")


def _export(client: Client) -> None:
    cursor = ""
    for _ in range(20):
        answer = client("GET", f"/api/v1/organization/export{cursor}")
        following = answer.json["data"].get("next_cursor") if answer.status == 200 else None
        if following is None:
            return
        cursor = f"?cursor={following}"


def _leave(lab: Everything, client: Client) -> None:
    """Delete a tenant that has something of everything."""
    for make in MAKERS.values():
        make(lab.api, client)
    _job(client, payload=LARGE), _job(client, task=BREAKS, payload=MIDDLING, max_retries=0)
    lab.work()
    lab.invoke("Archive", {"Records": lab.stack.records("REMOVE", "OldImage")})
    answer = client("DELETE", "/api/v1/organization", {"password": PASSWORD})
    assert answer.status in {200, 202}, answer.json


def _empty_bucket_of_payloads(job_id: str) -> None:
    """The payload of a job is no longer there, as if somebody had deleted it."""
    s3 = boto3.client("s3", region_name=REGION)
    for entry in s3.list_objects_v2(Bucket="blobs").get("Contents", ()):
        if job_id in entry["Key"]:
            s3.delete_object(Bucket="blobs", Key=entry["Key"])
