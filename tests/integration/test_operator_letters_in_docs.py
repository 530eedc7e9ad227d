"""The operator's dead letters have no route: the commands in docs/operations.md read them, and are held to the code."""

import json
import re
import sqlite3
from pathlib import Path

from tests.contract.store_engines import embedded_stores
from tests.doubles import FakeClock
from tests.new_world import new_world
from tickwell.adapters.aws.dynamodb.keys import dead_letter_key, dead_letter_partition, shard_of
from tickwell.application.ports import Delivery
from tickwell.domain.dead_letter import OPERATOR_TENANT
from tickwell.domain.message import JobMessage, Unreadable

_OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_local_command_shows_the_message_and_why_it_could_not_be_read(tmp_path: Path) -> None:
    found = re.search(r"sqlite3 -readonly data/(\S+) \"(SELECT [^\"]+)\"", _OPERATIONS)
    assert found is not None
    file = tmp_path / found[1]
    made = embedded_stores(str(file), FakeClock())
    world = new_world(tmp_path, made.stores)
    message: JobMessage | Unreadable = Unreadable(body='{"v": 9, "job": "job-1"}', reason="v is 9")
    world.core.consume_dead_letters()([Delivery(message=message, message_id="m-1", receipt="r", receive_count=1)])
    connection = sqlite3.connect(file)
    try:
        ((identity, document),) = connection.execute(found[2]).fetchall()
    finally:
        connection.close()
        world.close()
        made.database.close()
    assert identity == "message-m-1"
    assert '"job": "job-1"' in json.dumps(json.loads(document)).replace("\\", "")
    assert "v is 9" in document


def test_the_command_for_aws_asks_for_every_partition() -> None:
    found = re.search(r"for shard in ([0-9a-f ]+); do", _OPERATIONS)
    assert found is not None
    asked = {f"T#operator#D#{shard}" for shard in found[1].split()}
    assert '{\\"S\\": \\"T#operator#D#$shard\\"}' in _OPERATIONS
    letters = [f"message-{number}" for number in range(500)]
    assert {dead_letter_key(OPERATOR_TENANT, letter).pk for letter in letters} == asked
    assert dead_letter_partition(OPERATOR_TENANT, shard_of(letters[0])) in asked
