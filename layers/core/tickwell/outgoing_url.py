"""Reads the URLs that users give us to call, the way that the HTTP client will: what it would not call is refused."""

import httpx2

from tickwell.domain.outbound import url_fault


def sound_url(value: str) -> str:
    """``value``, a URL that may be called as far as it can be said without the network; raises ValueError otherwise.

    Where it leads is judged when it is called, and again at each redirect: see ``guarded_http``.
    """
    try:
        fault = fault_of_url(httpx2.URL(value))
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise ValueError("must be a valid URL") from error
    if fault is not None:
        raise ValueError(fault)
    return value


def fault_of_url(url: httpx2.URL) -> str | None:
    """What is wrong with ``url``, or None. Raises UnicodeError for a host that is not ASCII."""
    host = url.raw_host.decode("ascii")
    return url_fault(scheme=url.scheme, userinfo=bool(url.userinfo), host=host, port=url.port)


def is_same_site(url: httpx2.URL | str, target: httpx2.URL | str) -> bool:
    """Whether what a caller meant for ``url`` may go to ``target``: its origin, or its host that merely moves to HTTPS.

    Raises httpx2.InvalidURL for what is no URL.
    """
    here, there = httpx2.URL(url), httpx2.URL(target)
    if there.raw_host != here.raw_host:
        return False
    same_origin = (there.scheme, there.port) == (here.scheme, here.port)
    return same_origin or (there.scheme == "https" and there.port is None and here.port is None)
