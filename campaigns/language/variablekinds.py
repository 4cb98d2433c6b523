"""Parameters of steps that set variables of the run."""

from __future__ import annotations

from typing import Any

from campaigns.language.expression import compile_expression
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, typed_value
from campaigns.language.values import TYPES
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
