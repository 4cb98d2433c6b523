"""A parameter for the keys of leads."""

from __future__ import annotations

from typing import Any

from campaigns.language.parameters import Kind, Prepared
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, typed_value


class LeadKeys(Kind):
    """A list of keys of leads: texts or tokens."""

    def __init__(self, doc: str, most: int) -> None:
        super().__init__(doc)
        self.most = most

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of keys; null where a token has no value."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= self.most:
            scope.fault(path, f"expected a list of 1 to {self.most} keys of leads")
            return ()
        target = AttributeSpec("", "string")
        values = [typed_value(item, target, scope, f"{path}[{index}]") for index, item in enumerate(raw)]
        if not any(isinstance(value, Dynamic) for value in values):
            return tuple(values)
        return Dynamic(
            lambda lead, context: tuple(
                value.read(lead, context) if isinstance(value, Dynamic) else value for value in values
            )
        )
