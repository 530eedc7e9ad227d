"""The tenant's secrets and the trace in task processes."""

from collections.abc import Iterator, Sequence

import pytest

from tests.integration.test_task_processes import Recorder, new_pool, run
from tests.task_contexts import task_context
from tickwell.adapters.processes.pool import ProcessPool
from tickwell.application.attempt_secrets import TenantAttemptSecrets
from tickwell.application.task import TaskContext
from tickwell.application.task_processes import TaskRaisedError
from tickwell.domain.errors import AttemptFailedError, NotFoundError

OPENED = "of the payload"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path_factory.mktemp("site") / "site")
    yield made
    made.close()


class _Store:
    """Has one secret."""

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        if (tenant_id, name) != ("t1", "token"):
            raise NotFoundError("secret", name)
        return ("newest token", "token before")


def context_with_secrets() -> TaskContext:
    """Of an attempt whose payload had a reference to ``OPENED``."""
    secrets = TenantAttemptSecrets(_Store(), "t1")
    secrets.note([OPENED])
    return task_context(secrets=secrets, traceparent=TRACE, lifeline=Recorder())


def test_secrets_are_read_through_the_worker_which_masks_them_from_then_on(pool: ProcessPool) -> None:
    context = context_with_secrets()
    output = run(pool, "secrets", OPENED, context=context)
    assert output == [["newest token", "newest token", "token before"], OPENED, TRACE]
    assert context.secrets.opened == {"newest token", "token before", OPENED}
    [line] = context.logbook.entries()
    assert (line.message, line.metadata) == ("['***', '***', '***'] ***", {"values": ["***"] * 3})
    assert isinstance(context.lifeline, Recorder)
    [progress] = [one for one in context.lifeline.signs if one is not None]
    assert progress.message == "*** ***"


def test_a_secret_that_is_not_there_fails_in_the_child_as_it_would_in_the_worker(pool: ProcessPool) -> None:
    with pytest.raises(AttemptFailedError, match="there is no secret token") as caught:
        run(pool, "secrets", context=task_context())
    assert (caught.value.error_code, caught.value.retryable) == ("SECRET_NOT_FOUND", False)


def test_an_error_comes_to_the_worker_without_secrets(pool: ProcessPool) -> None:
    with pytest.raises(TaskRaisedError) as caught:
        run(pool, "fail_with_secrets", OPENED, context=context_with_secrets())
    assert str(caught.value) == "['***', '***', '***'] ***"
    assert "token" not in caught.value.trace.replace("_secrets", "").partition("ValueError")[2]
