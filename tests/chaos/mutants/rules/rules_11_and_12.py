"""Deliberate bugs in the rules 11 and 12 of design.md: expired is gone, everything is versioned."""

from tests.chaos.mutants.catalogue import Mutation, probe, tests
from tests.chaos.mutants.source import Edit

_GONE = "contract/test_history.py::test_expired_history_is_gone_and_may_be_written_anew"
_JOB_GONE = "contract/test_job_store.py::test_an_expired_job_is_gone_at_its_very_instant"

RULE_11 = (
    Mutation(
        rule=11,
        name="an expired job that is shown",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.jobs",
                old="    return job.expires_at is not None and job.expires_at <= now",
                new="    return job.expires_at is not None and job.expires_at < now",
            ),
        ),
        witness=tests(_JOB_GONE),
    ),
    Mutation(
        rule=11,
        name="an expired record that is shown",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.execution_rows",
                old="WHERE tenant_id = ? AND job_id = ? AND due_ms = ? AND attempt = ? AND expires_ms > ?",
                new="WHERE tenant_id = ? AND job_id = ? AND due_ms = ? AND attempt = ? AND ? > 0",
            ),
        ),
        witness=tests(_GONE),
    ),
    Mutation(
        rule=11,
        name="what TTL has not deleted yet is shown",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.items",
                old="return expires_ms is not None and expires_ms <= now_ms",
                new="return expires_ms is not None and now_ms < 0",
            ),
        ),
        witness=tests(_GONE).on_aws(),
    ),
)

RULE_12 = (
    Mutation(
        rule=12,
        name="a message of the last release that cannot be read",
        edits=(
            Edit(
                module="tickwell.messages",
                old="    queued: bool = False\n    start_by: AwareDatetime | None = None",
                new="    queued: bool = False\n    start_by: AwareDatetime | None",
            ),
        ),
        witness=probe("messages_of_earlier_releases_are_read"),
    ),
    Mutation(
        rule=12,
        name="a file of a later release that is opened",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.migrations.steps",
                old="    if found > newest:\n",
                new="    if found > newest * 10_000:\n",
            ),
        ),
        witness=tests("contract/test_embedded_stores.py::test_a_file_of_a_newer_release_is_refused_and_left_alone"),
    ),
)
