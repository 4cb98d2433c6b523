"""A lead in memory while its events run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from campaigns.language.shared import Shared

if TYPE_CHECKING:
    from campaigns.language.history import Asked
    from campaigns.language.run import ParkedRun

from campaigns.language.outgoing import Outgoing

NOTHING: frozenset[Any] = frozenset()


class Erasure(msgspec.Struct, frozen=True):
    """What is known of the lead is to be erased."""

    mode: str
    due_at: datetime
    frozen_before: datetime | None = None  #: until when the lead was frozen when it was asked for
    campaign_id: int | None = None  #: by which campaign and run
    run: str = ""


class LeadState:
    """The state of one lead: loaded by the writer, changed only by applying effects, written back by the writer."""

    __slots__ = (
        "announced",
        "beside",
        "changed",
        "changed_records",
        "changed_runs",
        "deleted_at",
        "erasure",
        "frozen_until",
        "history",
        "hold",
        "id",
        "is_new",
        "key",
        "life_changed",
        "lists",
        "outgoing",
        "records",
        "restorable_until",
        "runs",
        "shared",
        "tags",
        "tenant",
        "values",
        "winner",
    )

    shared: Shared  #: what the tenant's leads have in common; given to it where actions of its rulebook ask for that

    def __init__(
        self,
        *,
        id: int,
        tenant: str,
        key: str,
        values: dict[str, Any] | None = None,
        tags: set[str] | None = None,
        lists: set[str] | None = None,
        records: dict[tuple[str, str], dict[str, Any]] | None = None,
        runs: dict[str, ParkedRun] | None = None,
        is_new: bool = False,
    ) -> None:
        self.id = id
        self.tenant = tenant
        self.key = key
        self.values = {} if values is None else values  #: built-in and custom fields, typed; absent is null
        self.tags = set() if tags is None else tags
        self.lists = set() if lists is None else lists  #: keys; loaded only when the rulebook needs lists
        #: kind and key -> JSON, of the kinds that the rulebook needs
        self.records: dict[tuple[str, str], dict[str, Any]] = {} if records is None else records
        #: id -> parked run; loaded only when campaigns of the rulebook wait
        self.runs: dict[str, ParkedRun] = {} if runs is None else runs
        self.frozen_until: datetime | None = None  #: no campaign does anything to it before
        self.erasure: Erasure | None = None  #: that is not done yet; loaded, as holds, where campaigns may ask for one
        self.hold: str | None = None  #: why its data may not be erased
        self.history: dict[Asked, Any] = {}  #: what is known of what the rulebook asks about it
        self.is_new = is_new  #: has no row from before this transaction
        self.announced = not is_new  #: lead.created has been raised
        self.changed: set[str] = set()  #: field names, "tags" and "lists" that differ from what was loaded
        #: Replaced when they grow: nearly all leads share one empty set instead of having two of 216 bytes each.
        self.changed_records: frozenset[tuple[str, str]] = NOTHING
        self.changed_runs: frozenset[str] = NOTHING
        self.outgoing: list[Outgoing] = []  #: what is to be sent once this transaction has committed
        self.deleted_at: datetime | None = None
        self.restorable_until: datetime | None = None  #: of a deleted lead
        self.winner: LeadState | None = None  #: the lead that this one was merged into, in this bundle
        self.life_changed = False  #: it was deleted, restored or merged away
        self.beside: tuple[LeadState, ...] = ()  #: the other leads that the present event is about

    def get(self, field: str) -> Any:
        """The typed value of a field, tags and lists included; None when it has none."""
        if field == "tags":
            return self.tags
        if field == "lists":
            return self.lists
        return self.values.get(field)

    def __repr__(self) -> str:
        return f"LeadState({self.tenant}/{self.key}, {self.values})"
