"""The engine's nouns: plain data, no input or output."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import msgspec

#: Python reads other texts as UUIDs too ("0x…", "+1…"): two ids would share a key and one event be dropped.
CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: A moment without a time zone is no moment.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Unreadable(msgspec.Struct, frozen=True):
    """Bytes in a lane that are no event."""

    raw: bytes
    error: str


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a lead. The wire form in a lane is this as JSON, less the tenant."""

    id: str  #: the client's id, or ours; executed once per tenant within 24 hours
    lead: str  #: the lead's key; events of one lead are executed in the order of acceptance
    type: str
    accepted_at: Moment
    occurred_at: Moment
    data: dict[str, Any] = {}
    source: str = "api"  #: who said so: api, replay, signal, campaign, task
    depth: int = 0  #: events that lie between it and the one from outside that caused it
    urgent: bool = False  #: its lane goes before others of the tenant
    tenant: str = ""  #: known from the lane, so not written into it

    @property
    def ledger_key(self) -> str:
        """The UUID under which the ledger knows this event, as text: a UUID is itself, other ids are hashed."""
        if CANONICAL_UUID.fullmatch(self.id):
            return self.id
        return hashlib.blake2b(self.id.encode(), digest_size=16).hexdigest()

    @property
    def ledger_day(self) -> date:
        """The day of acceptance in UTC, which names the ledger's partition."""
        try:
            return self.accepted_at.astimezone(UTC).date()
        except OverflowError:  # the first or last day of the calendar, in a zone across its end
            return self.accepted_at.date()


class Handled(NamedTuple):
    """What came of a handler's work on a bundle."""

    seconds: Mapping[str, float]  #: spent per tenant
    sent: Sequence[Event] = ()  #: events that arose for other leads


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Event, float_hook=Decimal)


def encode(event: Event) -> bytes:
    """The event as it is written into a lane."""
    return _encoder.encode(event if not event.tenant else msgspec.structs.replace(event, tenant=""))


def decode(raw: bytes, tenant: str) -> Event:
    """Read what encode() wrote. Raises msgspec.DecodeError or ValidationError on anything else."""
    return msgspec.structs.replace(_decoder.decode(raw), tenant=tenant)
