"""Deliberate bugs in the rules 5 to 12 of design.md: what repeats, the safety sync, outcomes, limits, time."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, tests
from tests.chaos.mutants.source import Edit

_CLAIM = "tickwell.application.claim_attempts"
_PASS_BY = "tickwell.application.pass_by"
_SETTLE = "tickwell.application.settle"
_SYNC = "tickwell.application.safety_sync"
_ADMISSION = "tickwell.application.admission"

RULE_5 = (
    *on_both(
        Mutation(
            rule=5,
            name="re-arm after completion",
            edits=(
                Edit(
                    module=_CLAIM,
                    old="        next_run_at=plan.next_run_at,\n        pending=plan.pending,",
                    new="        next_run_at=step.message.due_at,\n        pending=plan.pending,",
                ),
                Edit(
                    module=_SETTLE,
                    old="        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])\n",
                    new="        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])\n"
                    "        from tickwell.domain.schedule import next_due\n"
                    "        for pair in pairs:\n"
                    "            due_at = next_due(pair.job.schedule, pair.execution.due_at)\n"
                    "            if pair.job.is_recurring and due_at is not None:\n"
                    "                message = first_attempt(pair.job, pair.execution.due_at)\n"
                    "                now = self.clock.now()\n"
                    "                self.jobs.skip(message, next_run_at=due_at, now=now, if_busy=False)\n",
                ),
            ),
            witness=crash("run, recurring"),
        ),
        "dynamodb.UpdateItem",
    ),
    *on_both(
        Mutation(
            rule=5,
            name="a child made after the re-arm",
            edits=(
                Edit(
                    module=_PASS_BY,
                    old="        with suppress(ConflictError):  # an earlier try made it, of the job as it was then\n"
                    "            self.jobs.create(made)\n",
                    new="",
                ),
                Edit(
                    module=_PASS_BY,
                    old="            following += items\n            return True\n        self._withdraw",
                    new="            self.jobs.create(made)\n"
                    "            following += items\n            return True\n        self._withdraw",
                ),
            ),
            witness=crash("run beside"),
        ),
        "dynamodb.UpdateItem",
    ),
    Mutation(
        rule=5,
        name="a skip recorded after the write that leaves it out",
        edits=(
            Edit(
                module=_CLAIM,
                old="        for step in steps:\n"
                "            if step.job is not None and step.arrival is not None:\n"
                "                self.leave_out(step.job, step.arrival.left_out, now=now)\n",
                new="",
            ),
            Edit(
                module=_CLAIM,
                old="        self.pass_by([step for step in steps if not step.claims], now, found)\n",
                new="        self.pass_by([step for step in steps if not step.claims], now, found)\n"
                "        for step in steps:\n"
                "            if step.job is not None and step.arrival is not None:\n"
                "                self.leave_out(step.job, step.arrival.left_out, now=now)\n",
            ),
        ),
        witness=crash("skip"),
    ),
    Mutation(
        rule=5,
        name="a skip without a record",
        edits=(
            Edit(
                module="tickwell.application.leave_out",
                old="            self.history.put_skip(skip)\n",
                new="            del skip\n",
            ),
        ),
        witness=crash("skip"),
    ),
)

_REPAIR = "                self._repair(page.items, unswept, run)\n"
_REACHED = "                checked_to = page.reached\n"

RULE_6 = (
    *on_both(
        Mutation(
            rule=6,
            name="watermark moved before carry-forward",
            edits=(Edit(module=_SYNC, old=_REPAIR + _REACHED, new=_REACHED + _REPAIR),),
            witness=crash("send again"),
        ),
        "due items.put",
    ),
    Mutation(
        rule=6,
        name="watermark stored before carry-forward",
        edits=(
            Edit(
                module=_SYNC,
                old=_REPAIR + _REACHED,
                new=_REACHED
                + "                here = Watermark(swept_to=swept_to, checked_to=checked_to)\n"
                + "                self.due_items.save(shard, token=token, watermark=here)\n"
                + _REPAIR,
            ),
        ),
        witness=crash("send again"),
    ),
    *on_both(
        Mutation(
            rule=6,
            name="a sync that re-sends a backlog",
            edits=(
                Edit(
                    module="tickwell.application.losses",
                    old="        if depth.waiting == depth.in_flight == 0:\n            return _Verdict.LOST\n",
                    new="        return _Verdict.LOST\n",
                ),
            ),
            witness=probe("a_backlog_is_not_multiplied"),
        )
    ),
    *on_both(
        Mutation(
            rule=6,
            name="what runs is not carried to its lease's end",
            edits=(
                Edit(
                    module=_SYNC,
                    old="                findings.carry.append(item.carried_to(_end_of(job.slot, now)))\n",
                    new="                losses.note(item.message, job)\n",
                ),
            ),
            witness=crash("recover what ran at the first look"),
        ),
        "none",
    ),
    Mutation(
        rule=6,
        name="a shard that two runs hold",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.due",
                old="    WHERE token IS NULL OR lease_until_ms <= :now OR token = :token\n",
                new="    WHERE token IS NULL OR :now IS NOT NULL\n",
            ),
        ),
        witness=tests("contract/test_due_items.py::test_a_lease_keeps_others_out_until_it_is_given_up"),
    ),
    Mutation(
        rule=6,
        name="a shard that two runs hold",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.due",
                old='condition="attribute_not_exists(#token) OR #lease_until <= :now OR #token = :token"',
                new='condition="attribute_not_exists(#token) OR #lease_until >= :now OR #token = :token"',
            ),
        ),
        witness=tests("contract/test_due_items.py::test_a_lease_keeps_others_out_until_it_is_given_up").on_aws(),
    ),
)

RULE_7 = (
    *on_both(
        Mutation(
            rule=7,
            name="an idempotency key of the attempt",
            edits=(
                Edit(
                    module="tickwell.bootstrap.outbound",
                    old="idempotency_key=idempotency_key(job.job_id, slot.due_at),",
                    new="idempotency_key=execution_id(job.job_id, slot.due_at, slot.attempt),",
                ),
            ),
            witness=probe("a_key_is_that_of_the_occurrence"),
        )
    ),
    Mutation(
        rule=7,
        name="an idempotency key of the job",
        edits=(
            Edit(
                module="tickwell.bootstrap.outbound",
                old="idempotency_key=idempotency_key(job.job_id, slot.due_at),",
                new="idempotency_key=job.job_id,",
            ),
        ),
        witness=probe("a_key_is_that_of_the_occurrence"),
    ),
    Mutation(
        rule=7,
        name="a completion that is counted again by who comes second",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.job_statements",
                old='    WHERE {_THIS} AND slot_token = :token\n"""\n\n\n_PAUSES',
                new='    WHERE {_THIS} AND :token IS NOT NULL\n"""\n\n\n_PAUSES',
            ),
        ),
        witness=crash("run"),
    ),
)

RULE_8 = (
    Mutation(
        rule=8,
        name="a use case that reads another clock",
        edits=(
            Edit(
                module="tickwell.application.create_job",
                old="        now = self.clock.now()\n        job = self.outline(principal, request, now)\n        try:",
                new="        from datetime import UTC\n\n"
                "        now = datetime.now(UTC)\n        job = self.outline(principal, request, now)\n        try:",
            ),
        ),
        witness=crash("create, delayed"),
    ),
    Mutation(
        rule=8,
        name="a policy that reads a clock",
        edits=(
            Edit(
                module="tickwell.domain.retry",
                old="    return RetryAt(at=instant(now + delay), attempt=attempt + 1)",
                new="    from datetime import UTC\n\n"
                "    return RetryAt(at=instant(datetime.now(UTC) + delay + timedelta(days=1)), attempt=attempt + 1)",
            ),
        ),
        witness=crash("fail"),
    ),
)

_PUT_LETTER = """                if cursor.execute(_PUT_DEAD_LETTER, values).rowcount:
                    put_outcome(cursor, event_of_dead_letter(letter))
"""

RULE_9 = (
    Mutation(
        rule=9,
        name="an outcome emitted before the record",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old="        now_ms = self._now_ms()\n        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n",
                new="        now_ms = self._now_ms()\n        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n"
                "        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n",
            ),
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n",
            ),
        ),
        witness=probe("an_outcome_is_recorded_with_its_cause"),
    ),
    Mutation(
        rule=9,
        name="an outcome emitted after the record",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n"
                "        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n",
            ),
        ),
        witness=probe("an_outcome_is_recorded_with_its_cause"),
    ),
    Mutation(
        rule=9,
        name="an outcome told for each try to record it",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n",
            ),
        ),
        witness=tests("contract/test_outcome_events.py::test_a_dead_letter_is_told_of_once"),
    ),
    Mutation(
        rule=9,
        name="a stream of which dead letters are not read",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.stream",
                old='        case "INSERT", kind if kind == DEAD_LETTER:',
                new='        case "MODIFY", kind if kind == DEAD_LETTER:',
            ),
        ),
        witness=tests("contract/test_outcome_events.py::test_a_dead_letter_is_told_of_once").on_aws(),
    ),
    Mutation(
        rule=9,
        name="an event done with although nobody was told",
        edits=(
            Edit(
                module="tickwell.application.follow_outcomes",
                old="                self.channels[channel].send(list(messages.values()))\n",
                new="                try:\n"
                "                    self.channels[channel].send(list(messages.values()))\n"
                "                except Exception:\n"
                "                    continue\n",
            ),
        ),
        witness=crash("tell what failed"),
    ),
)

RULE_10 = (
    *on_both(
        Mutation(
            rule=10,
            name="who waits comes again and again",
            edits=(
                Edit(
                    module=_ADMISSION,
                    old="        self.queues.park([replace(message, admitted=False, late=False)"
                    " for message in messages])\n",
                    new="        again = self.clock.now() + timedelta(seconds=30)\n"
                    "        self.arming.send([replace(m, run_at=again) for m in messages], now=self.clock.now())\n",
                ),
            ),
            witness=probe("nobody_spins"),
        )
    ),
    Mutation(
        rule=10,
        name="a rate that is asked for again by who has a start time",
        edits=(
            Edit(
                module=_ADMISSION,
                old="    return replace(start.message, run_at=start.at, admitted=True)",
                new="    return replace(start.message, run_at=start.at)",
            ),
        ),
        witness=tests(
            "integration/test_queues.py::test_starts_are_spread_by_the_rate_and_each_message_is_received_once"
        ),
    ),
    *on_both(
        Mutation(
            rule=10,
            name="a sync that does not look at the heads",
            edits=(Edit(module=_SYNC, old="            if shard == 0:\n", new="            if shard < 0:\n"),),
            witness=crash("permits"),
        ),
        "dynamodb.UpdateItem",
    ),
    Mutation(
        rule=10,
        name="a gate that is saved over another's",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.named_queues",
                old="SET version = version + 1, document = :document WHERE {_THIS} AND version = :read_version",
                new="SET version = version + 1, document = :document WHERE {_THIS} AND :read_version > 0",
            ),
        ),
        witness=tests("contract/test_named_queues.py::test_a_gate_that_somebody_else_changed_is_not_saved"),
    ),
    Mutation(
        rule=10,
        name="a gate that is saved over another's",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.named_queues",
                old='if read_version is None else "#version = :read"',
                new='if read_version is None else "#version >= :read"',
            ),
        ),
        witness=tests("contract/test_named_queues.py::test_a_gate_that_somebody_else_changed_is_not_saved").on_aws(),
    ),
)

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

_OUTSIDE = "integration/test_outside.py::test_"
RULES_OUTSIDE = (
    *on_both(
        Mutation(
            rule=6,
            name="work outside whose silence nobody looks for",
            edits=(
                Edit(
                    module=_SYNC,
                    old="            findings.carry.append(item.carried_to(look_at))\n\n    def _set_apart",
                    new="            findings.outside.append((item, job, slot)) if look_at < now else None\n\n"
                    "    def _set_apart",
                ),
            ),
            witness=tests(f"{_OUTSIDE}what_is_silent_for_too_long_has_timed_out"),
        )
    ),
    Mutation(
        rule=6,
        name="a cancellation without a due item for the work outside",
        edits=(
            Edit(
                module="tickwell.application.manage_job",
                old="            self.arming.look_after(changed, changed.slot, at=now)\n",
                new="            self.arming.require_fresh(prepared_at=now)\n",
            ),
        ),
        witness=tests(f"{_OUTSIDE}a_cancellation_that_died_halfway_is_made_up_by_the_sync"),
    ),
    Mutation(
        rule=10,
        name="a permit that is void before the work outside is over",
        edits=(
            Edit(
                module=_ADMISSION,
                old="            return False\n        permit = permit_key(",
                new="            return False\n        return True\n        permit = permit_key(",
            ),
        ),
        witness=tests(f"{_OUTSIDE}it_keeps_its_permit_and_gives_it_back"),
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

RULES_5_TO_12 = (*RULE_5, *RULE_6, *RULE_7, *RULE_8, *RULE_9, *RULE_10, *RULE_11, *RULES_OUTSIDE, *RULE_12)
