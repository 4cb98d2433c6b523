"""Keep an object that belongs to the lead."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Value
from campaigns.language.references import DefinedRef, ObjectValues


class UpsertRelatedRecordParams(msgspec.Struct, frozen=True):
    """The type of object, its key, its fields, and how it belongs to the lead."""

    type: Annotated[Defined, DefinedRef("The type of object", "object")]
    key: Annotated[str | None, Value("Which one, such as a contract's number", "string", nullable=False)]
    fields: Annotated[tuple[tuple[str, Any], ...], ObjectValues("What is known of it", of="type")]
    relation: Annotated[str | None, Value("How it belongs to the lead", "string")] = None


@action(
    "upsert_related_record",
    label="Keep a related object",
    logs="custom_object_changed",
    params=UpsertRelatedRecordParams,
    records=["object"],
)
def upsert_related_record(
    lead: LeadState, params: UpsertRelatedRecordParams, context: Context
) -> list[Effect] | Skipped:
    """The object exists, with these values; what is not given stays, null takes a value away."""
    if params.key is None:
        return Skipped("missing: there is no key")
    place = f"{params.type.key}:{params.key}"
    old = lead.records.get(("object", place))
    spec = params.type.spec
    fields = (old or {"fields": {}})["fields"] | {name: spec.dump(name, value) for name, value in params.fields}
    new: dict[str, Any] = {"fields": {name: value for name, value in fields.items() if value is not None}}
    relation = params.relation or (old or {}).get("relation")
    if relation:
        new["relation"] = relation
    change = "added" if old is None else "changed"
    raises = Emit("object.changed", {"object": params.type.key, "key": params.key, "change": change})
    return [PutRecord("object", place, new, raises=raises)]
