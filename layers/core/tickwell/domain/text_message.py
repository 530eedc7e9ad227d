"""Short messages to people's phones, before any provider's wire format."""

from dataclasses import dataclass, field
from enum import StrEnum


class PhoneChannel(StrEnum):
    """How a message reaches a phone."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageTemplate:
    """A WhatsApp template that Meta has approved, with what is put into its body, in order."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TextMessage:
    """One message. ``to`` is a number in E.164 form; exactly one of ``text`` and ``template`` is there.

    ``message_id`` is stable across attempts, for whoever looks into what was sent. ``promotional``: it may wait, and is
    not to wake anybody up; SMS only.
    """

    message_id: str
    channel: PhoneChannel
    to: str
    text: str | None = field(default=None, repr=False)
    template: MessageTemplate | None = None
    promotional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMessage:
    """A message that was accepted for delivery. ``message_id`` is the provider's, ``via`` the way it went."""

    message_id: str
    via: str
