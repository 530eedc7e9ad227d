"""What every store of tenants' secrets promises."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.contract.queue_engines import REGION
from tests.contract.store_engines import DynamoStores
from tests.doubles import FakeClock
from tickwell.adapters.aws.dynamodb.secret_names import DynamoSecretNames
from tickwell.adapters.aws.tenant_secrets import SecretsManagerTenantSecrets
from tickwell.adapters.embedded.tenant_secrets import FileTenantSecrets
from tickwell.adapters.system import SystemClock
from tickwell.application.ports import TenantSecrets
from tickwell.domain.errors import InvalidInputError, NotFoundError, UnavailableError
from tickwell.domain.secret import LARGEST_SECRET_BYTES

ADA, EVE = "tenant-ada", "tenant-eve"


@pytest.fixture
def clock() -> FakeClock:
    """The emulator notes real instants."""
    return FakeClock(SystemClock().now())


@pytest.fixture(params=["embedded", "aws"])
def tenant_secrets(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> TenantSecrets:
    """An empty store of each engine."""
    if request.param == "embedded":
        return FileTenantSecrets(tmp_path / "tenant-secrets", clock)
    dynamodb: DynamoStores = request.getfixturevalue("dynamodb")
    client = boto3.client("secretsmanager", region_name=REGION)
    return SecretsManagerTenantSecrets(client, "tickwell", DynamoSecretNames(dynamodb.table), clock)


def names(secrets: TenantSecrets, tenant_id: str) -> list[str]:
    """What is listed."""
    return [info.name for info in secrets.list(tenant_id)]


@pytest.mark.parametrize("value", ["s3cret", "grüße, {{secret:other}}\n\t\"'", "x" * LARGEST_SECRET_BYTES])
def test_a_value_comes_back_as_it_was_put(tenant_secrets: TenantSecrets, clock: FakeClock, value: str) -> None:
    info = tenant_secrets.put(ADA, "token", value)
    assert (info.name, info.changed_at) == ("token", clock.now())
    assert tenant_secrets.versions(ADA, "token") == (value,)
    assert tenant_secrets.list(ADA) == [info]


def test_the_value_of_before_is_kept_for_a_day(tenant_secrets: TenantSecrets, clock: FakeClock) -> None:
    for value in ("first value", "second value", "third value"):
        tenant_secrets.put(ADA, "token", value)
    assert tenant_secrets.versions(ADA, "token") == ("third value", "second value")
    clock.advance(timedelta(hours=23, minutes=50))
    assert tenant_secrets.versions(ADA, "token") == ("third value", "second value")
    clock.advance(timedelta(minutes=20))
    assert tenant_secrets.versions(ADA, "token") == ("third value",)


def test_names_are_listed_in_order_with_their_last_change(tenant_secrets: TenantSecrets, clock: FakeClock) -> None:
    for name in ("zulu", "alpha", "mike", "alpha-2", "0"):
        tenant_secrets.put(ADA, name, "a value")
    at = clock.advance(60)
    tenant_secrets.put(ADA, "mike", "another value")
    assert names(tenant_secrets, ADA) == ["0", "alpha", "alpha-2", "mike", "zulu"]
    assert {info.name: info.changed_at == at for info in tenant_secrets.list(ADA)}["mike"]
    assert not {info.name: info.changed_at == at for info in tenant_secrets.list(ADA)}["zulu"]


def test_another_tenants_secret_is_none(tenant_secrets: TenantSecrets) -> None:
    tenant_secrets.put(ADA, "token", "of Ada's")
    for attempt in (tenant_secrets.versions, tenant_secrets.delete):
        with pytest.raises(NotFoundError):
            attempt(EVE, "token")
    tenant_secrets.put(EVE, "token", "of Eve's")
    tenant_secrets.erase(EVE)
    assert tenant_secrets.versions(ADA, "token") == ("of Ada's",)
    assert (names(tenant_secrets, ADA), names(tenant_secrets, EVE)) == (["token"], [])


@pytest.mark.parametrize("name", ["unknown", "", "Token", "a/b", "../tenant-eve/token", ".", "x" * 65, "t\0"])
def test_an_unknown_secret_is_not_found(tenant_secrets: TenantSecrets, name: str) -> None:
    tenant_secrets.put(EVE, "token", "of Eve's")
    for attempt in (tenant_secrets.versions, tenant_secrets.delete):
        with pytest.raises(NotFoundError):
            attempt(ADA, name)
    if name != "unknown":
        with pytest.raises(InvalidInputError, match="lower-case"):
            tenant_secrets.put(ADA, name, "a value")


def test_a_deleted_secret_is_gone_with_the_value_of_before(tenant_secrets: TenantSecrets) -> None:
    tenant_secrets.put(ADA, "token", "first value")
    tenant_secrets.put(ADA, "token", "second value")
    tenant_secrets.delete(ADA, "token")
    assert names(tenant_secrets, ADA) == []
    for attempt in (tenant_secrets.versions, tenant_secrets.delete):
        with pytest.raises(NotFoundError):
            attempt(ADA, "token")
    tenant_secrets.put(ADA, "token", "third value")
    assert tenant_secrets.versions(ADA, "token") == ("third value",)


def test_all_of_a_tenant_is_erased(tenant_secrets: TenantSecrets) -> None:
    for number in range(5):
        tenant_secrets.put(ADA, f"token-{number}", "a value")
    for _ in range(2):
        tenant_secrets.erase(ADA)
        assert names(tenant_secrets, ADA) == []
        with pytest.raises(NotFoundError):
            tenant_secrets.versions(ADA, "token-3")


def test_of_those_who_write_at_once_one_stays(tenant_secrets: TenantSecrets) -> None:
    values = [f"value {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda value: tenant_secrets.put(ADA, "token", value), values))
    newest, before = tenant_secrets.versions(ADA, "token")
    assert {newest, before} <= set(values)
    assert newest != before


def test_files_are_their_owners_alone(tmp_path: Path, clock: FakeClock) -> None:
    secrets = FileTenantSecrets(tmp_path / "tenant-secrets", clock)
    secrets.put(ADA, "token", "s3cret value")
    path = tmp_path / "tenant-secrets" / ADA / "token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600") as caught:
        secrets.versions(ADA, "token")
    assert "s3cret" not in str(caught.value)


def test_a_tenant_is_no_path(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="not a tenant's id"):
        FileTenantSecrets(tmp_path, clock).put("../elsewhere", "token", "a value")


def test_a_busy_service_is_unavailable_and_the_name_is_noted_for_an_erasure(
    dynamodb: DynamoStores, clock: FakeClock
) -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    secrets = SecretsManagerTenantSecrets(client, "tickwell", DynamoSecretNames(dynamodb.table), clock)
    with Stubber(client) as stubber:
        stubber.add_client_error("put_secret_value", "ThrottlingException")
        with pytest.raises(UnavailableError):
            secrets.put(ADA, "token", "s3cret value")
    assert names(secrets, ADA) == ["token"]
    secrets.delete(ADA, "token")
    assert names(secrets, ADA) == []


@pytest.mark.parametrize(
    ("operation", "method", "values"),
    [("put_secret_value", "put", ["s3cret value"]), ("get_secret_value", "versions", [])],
)
def test_what_the_role_may_not_do_is_no_missing_secret(
    dynamodb: DynamoStores, clock: FakeClock, operation: Any, method: str, values: list[str]
) -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    secrets = SecretsManagerTenantSecrets(client, "tickwell", DynamoSecretNames(dynamodb.table), clock)
    with Stubber(client) as stubber:
        stubber.add_client_error(operation, "AccessDeniedException")
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            getattr(secrets, method)(ADA, "token", *values)


def test_while_one_of_its_name_is_being_deleted_a_secret_cannot_be_made(
    dynamodb: DynamoStores, clock: FakeClock
) -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    secrets = SecretsManagerTenantSecrets(client, "tickwell", DynamoSecretNames(dynamodb.table), clock)
    with Stubber(client) as stubber:
        stubber.add_client_error("put_secret_value", "InvalidRequestException")
        stubber.add_client_error("create_secret", "InvalidRequestException")
        with pytest.raises(UnavailableError):
            secrets.put(ADA, "token", "s3cret value")
