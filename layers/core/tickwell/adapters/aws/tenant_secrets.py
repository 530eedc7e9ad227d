"""Tenants' secrets in AWS Secrets Manager, as ``<prefix>/tenants/<tenant>/<name>``; their names in the table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tickwell.adapters.aws.dynamodb.secret_names import DynamoSecretNames
from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.application.ports import Clock
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.secret import OLD_SECRET_LIFE, SecretInfo, is_secret_name, require_secret_name

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class SecretsManagerTenantSecrets:
    """The service keeps the value of before by itself; since when is told by the age of the newer one.

    Which there are stands in the table: the service's own listing is behind its writes, and who may ask for it sees the
    names of all secrets of the account. The name is written before the value, so that an erasure finds whatever a crash
    left, and after it again, for whoever deleted it in between. A secret is deleted at once, not after days in which it
    could be restored: a tenant that deletes it means it.
    """

    def __init__(self, client: "SecretsManagerClient", prefix: str, names: DynamoSecretNames, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._names = names
        self._clock = clock

    def put(self, tenant_id: str, name: str, value: str) -> SecretInfo:
        """See ``TenantSecrets.put``."""
        secret_id = self._of(tenant_id, require_secret_name(name))
        info = SecretInfo(name=name, changed_at=self._clock.now())
        self._names.note(tenant_id, info)
        if not self._changed(secret_id, value):
            self._create(secret_id, value)
        self._names.note(tenant_id, info)
        return info

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets.versions``."""
        if not is_secret_name(name):
            raise NotFoundError("secret", name)
        secret_id = self._of(tenant_id, name)
        found = self._read(secret_id, _CURRENT)
        if found is None:
            raise NotFoundError("secret", name)
        kept = [found["SecretString"]]
        if self._clock.now() < found["CreatedDate"] + OLD_SECRET_LIFE:
            old = self._read(secret_id, _PREVIOUS)
            kept += [] if old is None else [old["SecretString"]]
        return tuple(kept)

    def list(self, tenant_id: str) -> Sequence[SecretInfo]:
        """See ``TenantSecrets.list``."""
        return self._names.list(tenant_id)

    def delete(self, tenant_id: str, name: str) -> None:
        """See ``TenantSecrets.delete``."""
        if not is_secret_name(name) or not self._names.has(tenant_id, name):
            raise NotFoundError("secret", name)
        self._forget(tenant_id, name)

    def erase(self, tenant_id: str) -> None:
        """See ``TenantSecrets.erase``."""
        for info in self._names.list(tenant_id):
            self._forget(tenant_id, info.name)

    def _of(self, tenant_id: str, name: str) -> str:
        return f"{self._prefix}/tenants/{tenant_id}/{name}"

    def _changed(self, secret_id: str, value: str) -> bool:
        """Give it another value; False where there is none of that name."""
        try:
            with service_errors("secretsmanager"):
                self._client.put_secret_value(SecretId=secret_id, SecretString=value)
        except ClientError as error:
            if not _is_missing(error):
                raise
            return False
        return True

    def _create(self, secret_id: str, value: str) -> None:
        """Somebody who does the same at once may be faster: then this is the newer value."""
        try:
            with service_errors("secretsmanager"):
                self._client.create_secret(Name=secret_id, SecretString=value)
        except ClientError as error:
            existed = error_code(error) == "ResourceExistsException"
            if existed and self._changed(secret_id, value):
                return
            if not existed and not _is_missing(error):
                raise
            raise UnavailableError("secretsmanager", "a secret of that name is being deleted") from error

    def _read(self, secret_id: str, stage: str) -> Any:
        """A version; None where there is none."""
        try:
            with service_errors("secretsmanager"):
                return self._client.get_secret_value(SecretId=secret_id, VersionStage=stage)
        except ClientError as error:
            if _is_missing(error):
                return None
            raise

    def _forget(self, tenant_id: str, name: str) -> None:
        """Delete the value, then the name. The service does not mind one that is gone already."""
        try:
            with service_errors("secretsmanager"):
                self._client.delete_secret(SecretId=self._of(tenant_id, name), ForceDeleteWithoutRecovery=True)
        except ClientError as error:
            if not _is_missing(error):
                raise
        self._names.forget(tenant_id, name)


def _is_missing(error: ClientError) -> bool:
    """``InvalidRequestException`` is the service's word for one that is being deleted."""
    return error_code(error) in {"ResourceNotFoundException", "InvalidRequestException"}
