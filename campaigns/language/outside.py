"""Changes of leads that were made outside, as their events tell of them: taken back, and made again."""

from __future__ import annotations

from typing import Any

from campaigns.language.lead import LeadState
from campaigns.language.schema import TenantSchema
from engine.types import Event

SIGNAL = "signal"  #: the source of such events; with a person, followed by the name
#: Changes that take each other back.
OPPOSITES = {
    "tag.added": "tag.removed",
    "tag.removed": "tag.added",
    "list.joined": "list.left",
    "list.left": "list.joined",
}


def is_change(event: Event) -> bool:
    """Whether the lead had changed when the event came."""
    return event.source.partition(":")[0] == SIGNAL


def take_back(lead: LeadState, type: str, data: dict[str, Any], schema: TenantSchema) -> None:
    """The lead as it was before the change; what was erased of an event tells nothing."""
    if data and type == "field.changed":
        put(lead, data["field"], data.get("old"), schema)
    elif data:
        make_again(lead, OPPOSITES.get(type, ""), data, schema)


def make_again(lead: LeadState, type: str, data: dict[str, Any], schema: TenantSchema) -> None:
    """The lead as it was after the change."""
    match type:
        case "field.changed":
            put(lead, data["field"], data.get("new"), schema)
        case "tag.added":
            lead.tags.add(data["tag"])
        case "tag.removed":
            lead.tags.discard(data["tag"])
        case "list.joined":
            lead.lists.add(data["list"])
        case "list.left":
            lead.lists.discard(data["list"])


def put(lead: LeadState, field: str, raw: object, schema: TenantSchema) -> None:
    """Give a field a value in its JSON form; one that does not fit its type any more is none."""
    spec = schema.fields.get(field)
    if spec is None:
        return
    lead.values.pop(field, None)
    try:
        value = None if raw is None else spec.cast(raw)
    except ValueError:  # its type was another then
        return
    if value is not None:
        lead.values[field] = value
