"""Which secrets tenants have, in DynamoDB; their values are not here (see ``adapters/aws/tenant_secrets``)."""

from collections.abc import Sequence
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, number
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.keys import LAST
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.tenant_keys import parse_secret_key, secret_key
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.secret import SecretInfo

_CHANGED: Final = "ca"


class DynamoSecretNames:
    """The ``SecretNames`` of the ``aws`` engine, and who keeps them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, tenant_id: str, info: SecretInfo) -> None:
        """The tenant has it, since then with its present value."""
        item = {**stamp("secret"), _CHANGED: to_epoch_ms(info.changed_at)}
        self._table.put(secret_key(tenant_id, info.name), item)

    def has(self, tenant_id: str, name: str) -> bool:
        """Whether it is noted."""
        return self._table.get(secret_key(tenant_id, name)) is not None

    def forget(self, tenant_id: str, name: str) -> None:
        """The tenant has it no more."""
        self._table.delete_many([secret_key(tenant_id, name)])

    def list(self, tenant_id: str) -> Sequence[SecretInfo]:
        """See the port."""
        low, high = (secret_key(tenant_id, end) for end in ("", LAST))
        attributes = ("pk", "sk", _CHANGED)
        found = self._table.all_of(low.pk, low=low.sk, high=high.sk, attributes=attributes, consistent=True)
        return [_info(item) for item in found]


def _info(item: Item) -> SecretInfo:
    _, name = parse_secret_key(key_of(item))
    return SecretInfo(name=name, changed_at=from_epoch_ms(number(item, _CHANGED)))
