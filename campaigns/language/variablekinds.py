"""Parameters of steps that set variables of the run."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.expression import compile_expression
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.schema import UNDECLARED, AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, Read, find_reference, is_one_token, typed_value
from campaigns.language.values import TYPES, show
from campaigns.language.variables import declare, read_name

#: What a variable may be; one of a list is text here.
VARIABLE_TYPES = tuple(name for name in TYPES if name != "picklist")
EXPRESSION = "expression"

Typed = tuple[str, Any]  #: type and value


class VariableName(Kind):
    """A name for a variable of the run."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> str:
        """The name."""
        return read_name(raw, scope, path)


class VariableValue(Kind):
    """A value, a token, or {"expression": "…"}, for the variable and the type that other parameters name."""

    def __init__(self, doc: str, *, of: str, type: str) -> None:
        super().__init__(doc)
        self.of = of
        self.type = type

    @property
    def takes(self) -> str:
        """All that it may be."""
        return 'a value, a token, or {"expression": "…"}'

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A pair of type and typed value, or a Dynamic for one. From here on the variable can be read."""
        name = done.get(self.of) or ""
        kind = done.get(self.type)
        if kind not in VARIABLE_TYPES:  # said already
            return None
        target = AttributeSpec(name, kind)
        if isinstance(raw, dict) and raw.keys() == {EXPRESSION}:
            compute = compile_expression(raw[EXPRESSION], target, scope, f"{path}.{EXPRESSION}")
            value = compute and Dynamic(compute)
        else:
            value = typed_value(raw, target, scope, path)
        declare(name, kind, scope, path)
        return _paired(kind, value)


def _paired(kind: str, value: Any) -> Any:
    if not isinstance(value, Dynamic):
        return kind, value
    read = value.read
    return Dynamic(lambda lead, context: (kind, read(lead, context)))


LITERAL_ITEMS_LIMIT = 1000


class Items(msgspec.Struct, frozen=True):
    """What a loop goes through: read once, as it begins."""

    type: str
    read_raw: Read

    def read(self, lead: LeadState, context: Context) -> list[Any]:
        """The typed items, nulls left out; those of a set in the order of the alphabet. Raises BadValueError."""
        raw = self.read_raw(lead, context)
        if isinstance(raw, frozenset):
            raw = sorted(raw)
        if not isinstance(raw, list | tuple | None):
            raise BadValueError(f"expected a list to go through, got {show(raw)}")
        return [self._typed(place, item) for place, item in enumerate(raw or ()) if item is not None]

    def _typed(self, place: int, item: Any) -> Any:
        try:
            return TYPES[self.type].cast(item)
        except ValueError as error:
            raise BadValueError(f"item {place}: {error}") from None


class ItemsOf(Kind):
    """A list, or a token for one: a field or attribute with several values, or one that is undeclared."""

    def __init__(self, doc: str, *, variable: str, type: str) -> None:
        super().__init__(doc)
        self.variable = variable
        self.type = type

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Items | None:
        """The items; from here on the variable can be read."""
        kind = done.get(self.type)
        if kind not in VARIABLE_TYPES:  # said already
            return None
        declare(done.get(self.variable) or "", kind, scope, path)
        read = self._read_token(raw, scope, path) if is_one_token(raw) else self._read_list(raw, kind, scope, path)
        return read and Items(kind, read)

    def _read_token(self, raw: str, scope: Scope, path: str) -> Read | None:
        reference = find_reference(raw, scope, path)
        if reference is not None and reference.type not in ("multi_select", UNDECLARED):
            scope.fault(path, f"{reference.text} is of type {TYPES[reference.type].label}; expected several values")
        return reference and reference.read

    def _read_list(self, raw: Any, kind: str, scope: Scope, path: str) -> Read | None:
        if not isinstance(raw, list) or not 1 <= len(raw) <= LITERAL_ITEMS_LIMIT:
            scope.fault(path, f"expected a list of 1 to {LITERAL_ITEMS_LIMIT:,} items, or a token for one")
            return None
        target = AttributeSpec("", kind)
        values = [typed_value(item, target, scope, f"{path}[{place}]") for place, item in enumerate(raw)]
        if not any(isinstance(value, Dynamic) for value in values):
            return lambda lead, context: values
        reads = [value.read if isinstance(value, Dynamic) else _constant(value) for value in values]
        return lambda lead, context: [read(lead, context) for read in reads]


def _constant(value: Any) -> Read:
    return lambda lead, context: value
