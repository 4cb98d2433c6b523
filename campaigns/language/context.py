"""What a decision may look at besides the lead: the event, the tenant's vocabulary, and the time it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from campaigns.language.schema import SYSTEM_EVENTS, TenantSchema

if TYPE_CHECKING:
    from campaigns.language.run import Run

_UNREAD = object()


class EventView:
    """The data of an event, typed on first use. What cannot be cast reads as null."""

    __slots__ = ("_casts", "_raw", "_typed")

    def __init__(self, raw: dict[str, Any], casts: Mapping[str, Callable[[Any], Any]]) -> None:
        self._raw = raw
        self._casts = casts
        self._typed: dict[str, Any] = {}

    @property
    def raw(self) -> dict[str, Any]:
        """The data as it came."""
        return self._raw

    def get(self, name: str) -> Any:
        """The typed value of an attribute; an undeclared one comes as it is."""
        value = self._typed.get(name, _UNREAD)
        return self._read(name) if value is _UNREAD else value

    def _read(self, name: str) -> Any:
        value = self._raw.get(name)
        cast = self._casts.get(name)
        if value is not None and cast is not None:
            try:
                value = cast(value)
            except ValueError:
                value = None
        self._typed[name] = value
        return value


def view_of(schema: TenantSchema, type: str, data: dict[str, Any]) -> EventView:
    """The data of an event from outside, to be typed as its type declares; unknown types have no types."""
    if type == "field.changed":
        name = data.get("field")
        field = schema.fields.get(name) if isinstance(name, str) else None
        return EventView(data, {"old": field.cast, "new": field.cast} if field else {})
    if type == "hook.received":
        hook = schema.defined("hook").get(data["hook"])
        return EventView(data, hook.spec.casts if hook else {})
    spec = schema.event_types.get(type) or SYSTEM_EVENTS.get(type)
    return EventView(data, spec.casts if spec else {})


class Context:
    """The surroundings of one event while its campaigns run."""

    __slots__ = ("by", "depth", "event", "now", "occurred_at", "requestable", "run", "schema", "source", "type")

    run: Run  #: of the campaign whose step is executed; set before any is

    def __init__(
        self,
        schema: TenantSchema,
        type: str,
        event: EventView,
        now: datetime,
        occurred_at: datetime,
        depth: int = 0,
        requestable: frozenset[str] = frozenset(),
    ) -> None:
        self.schema = schema
        self.type = type  #: of the event
        self.event = event
        self.now = now  #: the instant of evaluation
        self.occurred_at = occurred_at
        self.depth = depth  #: how many events lie between this one and the one from outside
        self.source = ""  #: who told of the event from outside, as the event says
        self.by: tuple[str, str] | None = None  #: the campaign and the step that did it, where one did
        self.requestable = requestable  #: keys of the running campaigns that can be requested
