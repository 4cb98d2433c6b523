"""What an action may ask for. The list is closed: the interpreter applies each, the writer stores what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from campaigns.language.lead import LeadState

#: A time that does not come: until a person ends it.
NO_END = datetime(9999, 12, 31, tzinfo=UTC)


class SetField(msgspec.Struct, frozen=True):
    """The field takes the typed value; null clears it. An equal value is a no-op."""

    field: str
    value: Any
    detail: dict[str, Any] | None = None  #: more for the activity, such as a reason


class ChangeTags(msgspec.Struct, frozen=True):
    """Tags come and go in one write. What is there already, or gone already, does not count as a change."""

    add: frozenset[str]
    remove: frozenset[str] = frozenset()


class JoinList(msgspec.Struct, frozen=True):
    """The lead becomes a member of a static list."""

    list: str


class LeaveList(msgspec.Struct, frozen=True):
    """The lead is a member of a static list no longer."""

    list: str


class Emit(msgspec.Struct, frozen=True):
    """A further event of the same lead, handled after the present one. Values are typed."""

    type: str
    data: dict[str, Any]


class PutRecord(msgspec.Struct, frozen=True):
    """What is kept of the lead under a kind and a key becomes this; null drops it. An equal one is a no-op."""

    kind: str
    key: str
    data: dict[str, Any] | None  #: JSON
    detail: dict[str, Any] | None = None  #: more for the activity, such as a reason
    raises: Emit | None = None  #: the event that such a change is
    quiet: bool = False  #: the change is not logged: what it is kept for is


class Freeze(msgspec.Struct, frozen=True):
    """No campaign does anything to the lead until then."""

    until: datetime


class PutShared(msgspec.Struct, frozen=True):
    """A record that the tenant's leads have in common becomes this. An equal one is a no-op."""

    kind: str
    key: str
    data: dict[str, Any]  #: JSON
    said: dict[str, Any] | None = None  #: what is logged of the change; null: nothing, it goes with another
    raises: Emit | None = None  #: the event that such a change is


class SendEvent(msgspec.Struct, frozen=True):
    """An event of another lead of the tenant, in that lead's own order. Comes first among the effects of a step."""

    lead: str  #: its key
    type: str
    data: dict[str, Any]  #: JSON
    id_suffix: str = ""  #: tells events apart that one execution of a step sends
    said: dict[str, Any] | None = None  #: for the activity


class Deliver(msgspec.Struct, frozen=True):
    """Something goes out of the house once the transaction has committed: it is written down now and sent later."""

    channel: str
    destination: str  #: what is spared for a while when it does not answer
    definition: str  #: key of the e-mail, webhook or the like
    body: dict[str, Any]  #: JSON: all that the channel needs
    said: dict[str, Any]  #: for the activity


class DeleteLead(msgspec.Struct, frozen=True):
    """The lead is deleted, and nothing more of its event happens to it. Nothing comes after it."""

    at: datetime
    restorable_until: datetime | None  #: None: never


class RestoreLead(msgspec.Struct, frozen=True):
    """The lead is deleted no longer."""


class MergeLead(msgspec.Struct):
    """Another lead is merged into this one: what happens to it from now on happens to this one."""

    other: LeadState


class LogActivity(msgspec.Struct, frozen=True):
    """A row in the lead's history and nothing else. Values are JSON."""

    kind: str
    data: dict[str, Any]


Effect = (
    SetField
    | ChangeTags
    | JoinList
    | LeaveList
    | PutRecord
    | Freeze
    | PutShared
    | Emit
    | SendEvent
    | Deliver
    | DeleteLead
    | RestoreLead
    | MergeLead
    | LogActivity
)
