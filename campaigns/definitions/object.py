"""Objects that belong to leads and are no leads: contracts, cars, bookings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault
from campaigns.language.values import TYPES, caster

FIELDS_LIMIT = 100
SIMPLE = ("string", "text", "integer", "decimal", "boolean", "date", "datetime")


def check_fields(thing: Object) -> list[Fault]:
    """What the types alone cannot say."""
    faults = [
        Fault(f"fields.{name}", f"expected one of {', '.join(SIMPLE)}, got '{type[:64]}'")
        for name, type in thing.fields.items()
        if type not in SIMPLE
    ]
    if not 1 <= len(thing.fields) <= FIELDS_LIMIT:
        faults.append(Fault("fields", f"expected 1 to {FIELDS_LIMIT} fields"))
    return faults


@definition("object", label="Object type", check=check_fields)
class Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its fields with their types."""

    fields: dict[str, str]

    def caster(self, field: str) -> Callable[[Any], Any]:
        """From JSON or another value to the typed one."""
        return caster(self.fields[field], None)

    def dump(self, field: str, value: Any) -> Any:
        """From the typed value to its JSON."""
        return None if value is None else TYPES[self.fields[field]].dump(value)
