"""Merge a JSON object into a field."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.jsonkinds import JsonBody
from campaigns.language.jsonvalues import cast_json, merged, read_json
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import Choice, FieldRef
from campaigns.language.schema import FieldSpec

SHOWN_LIMIT = 2_000  #: characters of a text that is no JSON, kept in the lead's history


class MergeJsonParams(msgspec.Struct, frozen=True):
    """The field, what goes into it, and how deep."""

    field: Annotated[FieldSpec, FieldRef("The field that holds a JSON object", "json")]
    body: Annotated[Any, JsonBody("What is merged into it; null takes a name away")]
    mode: Annotated[str, Choice("Whether objects within it are replaced or merged too", "shallow", "deep")] = "shallow"


@action("merge_json", label="Merge JSON", logs="change_data_value", params=MergeJsonParams)
def merge_json(lead: LeadState, params: MergeJsonParams, context: Context) -> list[Effect] | Failed:
    """Names in the body are written into the field's object; all others stay. In a template, write a value as
    `{{ lead.first_name | json }}`, which quotes it. What is no JSON fails, and its text is kept in the history."""
    try:
        body = read_json(params.body) if isinstance(params.body, str) else params.body
    except ValueError as error:
        return Failed(f"the body {error}; it was: {params.body[:SHOWN_LIMIT]}")
    old = lead.values.get(params.field.key) or {}
    try:
        return [SetField(params.field.key, cast_json(merged(old, body or {}, deep=params.mode == "deep")))]
    except ValueError as error:
        return Failed(f"the merged object {error}; keep less in {params.field.key}")
