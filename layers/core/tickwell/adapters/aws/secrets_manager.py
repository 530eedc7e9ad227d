"""Secrets in AWS Secrets Manager."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.domain.errors import NotFoundError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


class SecretsManagerSecrets:
    """The secrets that ``ids`` names, by ARN; each is read once and kept, unless asked anew."""

    def __init__(self, client: "SecretsManagerClient", ids: Mapping[str, str]) -> None:
        self._client = client
        self._ids = dict(ids)
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str:
        """The current version. Raises NotFoundError; ValueError for a binary secret."""
        if name not in self._values:
            self._values[name] = self._read(name)
        return self._values[name]

    def get_newest(self, name: str) -> str:
        """As ``get``, but asks again."""
        self._values[name] = self._read(name)
        return self._values[name]

    def _read(self, name: str) -> str:
        secret_id = self._ids.get(name)
        if secret_id is None:
            raise NotFoundError("secret", name)
        try:
            with service_errors("secretsmanager"):
                answer = self._client.get_secret_value(SecretId=secret_id)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise NotFoundError("secret", name) from error
            raise
        if "SecretString" not in answer:
            raise ValueError(f"secret {name} is binary")
        return answer["SecretString"]
