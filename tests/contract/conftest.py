"""The contract suite: the same tests against every adapter of a port."""

from tests.contract.counted import counted_engine  # noqa: F401
from tests.contract.mail_servers import certificate, mail_server, starttls_server, tls_server  # noqa: F401
from tests.contract.queue_engines import (  # noqa: F401
    aws,
    blobs,
    embedded_engine,
    queue_engine,
    secrets,
    sqs_engine,
)
from tests.contract.store_engines import dynamodb, dynamodb_client, sqlite, stores  # noqa: F401
