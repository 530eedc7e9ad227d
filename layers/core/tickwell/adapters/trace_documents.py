"""How both engines spell a ``traceparent``: its 25 bytes in 34 letters, for a job's item is billed by its size."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def traceparent_text(traceparent: str | None) -> str | None:
    """Trace id, span id and flags."""
    if traceparent is None:
        return None
    _, *parts = traceparent.split("-")
    return urlsafe_b64encode(bytes.fromhex("".join(parts))).decode().rstrip("=")


def traceparent_from(text: str | None) -> str | None:
    """What ``traceparent_text`` wrote."""
    if text is None:
        return None
    digits = urlsafe_b64decode(text + "==").hex()
    return f"00-{digits[:32]}-{digits[32:48]}-{digits[48:]}"
