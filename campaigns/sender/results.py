"""What came of one try to deliver, and what follows from it."""

from __future__ import annotations

import hashlib
import random
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from campaigns.language.alerts import CHANNEL as ALERT
from campaigns.language.outgoing import SOURCE
from campaigns.sender.conf import conf
from engine.types import Event

if TYPE_CHECKING:
    from campaigns.sender.claims import Claimed

TEXT_LIMIT = 500  #: characters of an error that are kept


class Sent(msgspec.Struct, frozen=True):
    """It was taken, for good."""

    answer: dict[str, Any] = {}  #: what is kept of what was said to it
    parts: dict[str, Any] = {}  #: what the event gets of it


class Retry(msgspec.Struct, frozen=True):
    """It may work later."""

    error_type: str
    reason: str
    spares: bool = True  #: the destination is at fault: all that goes there rests
    after: float = 0.0  #: seconds that the destination asked for
    answer: dict[str, Any] = {}


class Rejected(msgspec.Struct, frozen=True):
    """It will never work."""

    error_type: str
    reason: str
    answer: dict[str, Any] = {}


class Forbidden(msgspec.Struct, frozen=True):
    """A rule forbids it by now."""

    reason: str
    error_type: str = "policy"
    answer: dict[str, Any] = {}


class Held(msgspec.Struct, frozen=True):
    """It must wait, and was not tried."""

    reason: str
    seconds: float  #: at most; it is asked again now and then, for what holds it may end sooner
    error_type: str = "held"
    answer: dict[str, Any] = {}


Result = Sent | Retry | Rejected | Forbidden | Held


class Settled(NamedTuple):
    """How a row reads afterwards."""

    state: str
    wait: float
    error_type: str
    error: str
    answer: dict[str, Any] | None
    untried: int = 0


def said(text: object) -> str:
    """What a server said, fit to be kept and shown."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())[:TEXT_LIMIT]


def settled(one: Claimed, result: Result) -> Settled:
    """The state that a try ends in. What may work later fails when it has been tried often enough."""
    if isinstance(result, Sent):
        return Settled("sent", 0.0, "", "", result.answer)
    error = said(result.reason)
    if isinstance(result, Held):
        seconds = max(1.0, min(result.seconds, conf().longest_wait_seconds))
        return Settled("waiting", seconds, result.error_type, error, None, untried=1)
    if isinstance(result, Retry) and one.tries < conf().tries:
        return Settled("waiting", wait_after(one.tries, result.after), result.error_type, error, result.answer)
    state = "cancelled" if isinstance(result, Forbidden) else "failed"
    return Settled(state, 0.0, result.error_type, error, result.answer)


def wait_after(tries: int, asked: float) -> float:
    """Seconds until the next try: twice as long each time, give or take half, so that not all come at once."""
    settings = conf()
    usual = min(settings.longest_wait_seconds, settings.first_wait_seconds * 2 ** min(tries - 1, 30))
    return max(usual * random.uniform(0.5, 1.5), min(asked, settings.longest_wait_seconds))


def event_of(one: Claimed, result: Result, end: Settled, now: datetime) -> Event | None:
    """What the lead's own lane hears of it; nothing while it is tried again, and nothing of what
    people of the tenant are told."""
    if end.state == "waiting" or one.channel == ALERT:
        return None
    common = {"delivery": one.key, "attempts": one.attempts}
    if one.channel == "webhook":
        type, data = "webhook.called", _called(one, result, end)
    elif end.state == "sent":
        type, data = "message.sent", {"channel": one.channel, "message": one.definition}
    else:
        data = {"channel": one.channel, "message": one.definition, "outcome": end.state}
        type, data = "message.failed", data | {"reason": end.error, "error_type": end.error_type}
    id = hashlib.blake2b(f"{one.key}:{end.state}:{one.attempts}".encode(), digest_size=16).digest()
    return Event(
        id=str(uuid.UUID(bytes=id)), tenant=one.tenant, lead=one.lead, type=type, accepted_at=now, occurred_at=now,
        data=data | common, source=SOURCE, depth=one.depth,
    )  # fmt: skip


def _called(one: Claimed, result: Result, end: Settled) -> dict[str, Any]:
    data = {"webhook": one.definition, "ok": end.state == "sent"}
    if end.answer and "status" in end.answer:
        data["status"] = end.answer["status"]
    if isinstance(result, Sent):
        return data | result.parts
    return data | {"reason": end.error, "error_type": end.error_type}
