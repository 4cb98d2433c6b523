"""Fill fields from a row of a table."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import Choice, Value
from campaigns.language.references import ColumnsInto, DefinedRef
from campaigns.language.schema import FieldSpec


class LookupValueParams(msgspec.Struct, frozen=True):
    """The table, the key, and which column goes into which field."""

    table: Annotated[Defined, DefinedRef("The table", "table")]
    key: Annotated[str | None, Value("The key of the row", "string")]
    into: Annotated[tuple[tuple[FieldSpec, str], ...], ColumnsInto("Fields and the columns they get", of="table")]
    if_missing: Annotated[str, Choice("What to do without such a row", "skip", "clear")] = "skip"


@action("lookup_value", label="Look up values", logs="change_data_value", params=LookupValueParams)
def lookup_value(lead: LeadState, params: LookupValueParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The fields have what the table says; all of them or, where one value does not fit its field, none."""
    row = params.table.spec.find(params.key) if params.key is not None else None
    if row is None and params.if_missing == "skip":
        return Skipped(f"missing: {params.table.key} has no row {params.key!r}")
    detail = {"table": params.table.key}
    try:
        return [SetField(field.key, _value(row, column, field), detail) for field, column in params.into]
    except ValueError as error:
        return Failed(f"{params.table.key}: {error}")


def _value(row: dict[str, object] | None, column: str, field: FieldSpec) -> object:
    raw = row[column] if row else None
    return None if raw is None else field.cast(raw)
