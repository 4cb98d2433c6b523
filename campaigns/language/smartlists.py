"""Smart lists as they are saved: their filters must be free of faults, and lead to no list that leads back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from campaigns.language.definition import Defined, read_definition
from campaigns.language.faults import Fault
from campaigns.language.filtertree import read_filter
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope

KIND = "smart_list"


def check_smart_list(key: str, raw: Any, schema: TenantSchema) -> list[Fault]:
    """Every fault of a smart list that shall be saved under a key, and every list that it would break."""
    spec, faults = read_definition(KIND, raw)
    if faults:
        return faults
    lists = {**schema.defined(KIND), key: Defined(KIND, key, key, spec)}
    changed = replace(schema, definitions={**schema.definitions, KIND: lists})
    return _read(key, changed) or [
        Fault("", f"smart list '{other}' would not work any more: {found[0]}")
        for other in lists
        if other != key and (found := _read(other, changed)) and not _read(other, schema)
    ]


def _read(key: str, schema: TenantSchema) -> list[Fault]:
    scope = Scope(schema)
    scope.eventless, scope.within = True, (key,)
    read_filter(schema.defined(KIND)[key].spec.filter, scope, "filter")
    return scope.faults


def whole_list(key: str) -> dict[str, Any]:
    """The filter that matches who is on it."""
    return {"smart_list": key, "operator": "in"}
