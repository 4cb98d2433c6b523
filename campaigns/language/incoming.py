"""Events from outside: accepted whole, or refused with a reason for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaigns.language.faults import Fault
from campaigns.language.jsonshape import check_shape
from campaigns.language.registry import did_you_mean
from campaigns.language.standardevents import STANDARD_EVENTS

if TYPE_CHECKING:
    from campaigns.language.schema import EventTypeSpec, TenantSchema

DEPTH_LIMIT = 20  #: levels of nesting in an undeclared attribute
SIZE_LIMIT = 64_000  #: bytes of data in one event
HINTS_LIMIT = 20  #: faults that come with a suggestion; comparing names takes time
REQUEST = "campaign.requested"
STANDARD = tuple(spec.name for spec in STANDARD_EVENTS)


def check_event(schema: TenantSchema, event_type: Any, data: Any) -> tuple[dict[str, Any], list[Fault]]:
    """The typed data of an event, and every fault in it. The data is of use only when there are no faults."""
    spec = _find(schema, event_type)
    if spec is None:
        return {}, [Fault("type", _unknown(schema, event_type))]
    if not isinstance(data, dict):
        return {}, [Fault("data", "expected an object with the event's attributes")]
    faults = check_shape(data, depth=DEPTH_LIMIT + 1, size=SIZE_LIMIT, path="data")
    if faults:
        return {}, faults
    typed = _cast_all(spec, data, faults)
    if spec.name == REQUEST and not faults:
        _check_request(schema, typed["campaign"], faults)
    return typed, faults


def _find(schema: TenantSchema, event_type: Any) -> EventTypeSpec | None:
    if not isinstance(event_type, str):
        return None
    found = schema.find_event_type(event_type)
    return found if found is not None and (found.outside or event_type in schema.event_types) else None


def _unknown(schema: TenantSchema, event_type: Any) -> str:
    if not isinstance(event_type, str):
        return "expected the name of an event type"
    if schema.find_event_type(event_type):
        return f"events of type '{event_type}' arise inside and cannot be sent"
    own = [*schema.event_types, REQUEST]
    hint = did_you_mean(event_type, [*own, *STANDARD]) or did_you_mean(event_type, own)
    return f"unknown event type {event_type[:64]!r}{hint}"


def _cast_all(spec: EventTypeSpec, data: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    typed = {}
    casts = spec.casts
    for name, raw in data.items():
        if raw is None:
            continue
        cast = casts.get(name)
        if cast is None:
            typed[name] = _undeclared(spec, name, raw, faults)
            continue
        try:
            value = cast(raw)
        except ValueError as error:
            faults.append(Fault(f"data.{name}", str(error)))
            value = raw
        if value is not None:
            typed[name] = value
    for name in spec.required:
        if name not in typed:
            faults.append(Fault(f"data.{name}", "is required"))
    return typed


def _undeclared(spec: EventTypeSpec, name: str, raw: Any, faults: list[Fault]) -> Any:
    if not spec.open:
        hint = did_you_mean(name, spec.attributes) if len(faults) < HINTS_LIMIT else ""
        faults.append(Fault(f"data.{name[:64]}", f"event type '{spec.name}' has no such attribute{hint}"))
    return raw


def _check_request(schema: TenantSchema, campaign: str, faults: list[Fault]) -> None:
    message = request_fault(schema, campaign)
    if message:
        faults.append(Fault("data.campaign", message))


def request_fault(schema: TenantSchema, campaign: str) -> str | None:
    """Why a campaign cannot be requested, or None."""
    status = schema.campaigns.get(campaign)
    if status is None:
        return f"unknown campaign {campaign[:64]!r}{did_you_mean(campaign, schema.campaigns)}"
    if status != "active":
        return f"campaign '{campaign}' is {status}; only an active campaign can be requested"
    if schema.requestable is not None and campaign not in schema.requestable:
        return f"campaign '{campaign}' has no trigger campaign_requested; add one to it first"
    return None
