"""The operator's commands, on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager

from tickwell.adapters.system import SystemClock
from tickwell.application.ports import StopSwitch
from tickwell.application.stop_switch import OperateStopSwitch
from tickwell.domain.errors import UnavailableError
from tickwell.settings import OperatorSettings


@contextmanager
def operator(settings: OperatorSettings) -> Iterator[OperateStopSwitch]:
    """The stop switch of the deployment that ``settings`` name, while the block runs.

    Raises OSError where there is no data directory, UnavailableError where the store cannot be used.
    """
    with _switch(settings) as switch:
        yield OperateStopSwitch(switch=switch, clock=SystemClock())


@contextmanager
def _switch(settings: OperatorSettings) -> Iterator[StopSwitch]:
    if settings.table is not None:
        from botocore.exceptions import BotoCoreError, ClientError

        from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch
        from tickwell.bootstrap.aws import open_table

        try:
            yield DynamoStopSwitch(open_table(settings.table))
        except (BotoCoreError, ClientError) as error:  # no credentials, no region, no such table, no permission
            raise UnavailableError("aws", str(error)) from error
        return
    from tickwell.adapters.embedded.database import Database
    from tickwell.adapters.embedded.stop_switch import EmbeddedStopSwitch

    path = settings.data_dir / "tickwell.db"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; TICKWELL_DATA_DIR must be the directory of a server")
    database = Database(path)
    try:
        yield EmbeddedStopSwitch(database)
    finally:
        database.close()
