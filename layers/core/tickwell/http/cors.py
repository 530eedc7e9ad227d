"""Which browser pages of other origins may call the API (C30)."""

from collections.abc import Mapping, Sequence

from tickwell.http.request_limits import LIMITED_HEADERS

_PREFLIGHT_SECONDS = 600
_EXPOSED = ("Idempotency-Incomplete", "Idempotency-Replayed", "Retry-After", "X-Request-Id", *LIMITED_HEADERS)


class Cors:
    """Grants exactly the ``allowed_origins``; everybody else gets no header, and the browser refuses."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed_origins)

    def headers(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """What every answer carries."""
        if not self._allowed:
            return {}
        origin = self._granted(request_headers)
        if origin is None:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
        }

    def preflight(self, request_headers: Mapping[str, str], methods: Sequence[str]) -> dict[str, str]:
        """What the answer to a browser's question before the request carries besides."""
        if self._granted(request_headers) is None or "access-control-request-method" not in request_headers:
            return {}
        return {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Traceparent, X-API-Key",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }

    def _granted(self, request_headers: Mapping[str, str]) -> str | None:
        origin = request_headers.get("origin")
        return origin if origin is not None and origin.lower() in self._allowed else None
