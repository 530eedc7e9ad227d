"""The base of all request bodies."""

from pydantic import ConfigDict

from tickwell.findings import ToldModel


class StrictBody(ToldModel):
    """Unknown fields are refused, values are not converted, and findings never repeat a value, which may be secret.

    A model is built for the first body of its kind, or by ``build_bodies``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)

    def __repr__(self) -> str:
        """Without the values: Powertools asks for it with each request, for a log line that is not written."""
        return f"{type(self).__name__}(...)"

    __str__ = __repr__


def build_bodies(base: type[StrictBody] = StrictBody) -> None:
    """Build all models that were imported, before there are threads: pydantic would do it later, without a lock."""
    for model in base.__subclasses__():
        model.model_rebuild()
        build_bodies(model)
