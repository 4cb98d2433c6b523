"""Parameters of tests of several variants: the variants, and what counts as a result."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.flowkinds import read_label
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, compile_trigger

VARIANTS_LIMIT = 10


class Variant(msgspec.Struct, frozen=True):
    """One of those that are tested."""

    label: str
    body: int | None


class Variants(Kind):
    """A list of {label, steps}: each gets the same share of the leads that are tested."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[Variant, ...]:
        """The variants, in order."""
        if not isinstance(raw, list) or not 2 <= len(raw) <= VARIANTS_LIMIT:
            scope.fault(path, f"expected a list of 2 to {VARIANTS_LIMIT} variants, each with label and steps")
            return ()
        found = tuple(one for place, item in enumerate(raw) if (one := _variant(item, scope, f"{path}[{place}]")))
        if len({one.label for one in found}) < len(found):
            scope.fault(path, "has two variants of one label; give each its own")
        return found


def _variant(raw: Any, scope: Scope, path: str) -> Variant | None:
    if not isinstance(raw, dict) or not {"label", "steps"} <= raw.keys():
        scope.fault(path, "expected an object with label and steps")
        return None
    scope.expect_keys(raw, path, ("label", "steps"))
    label = read_label(raw["label"], scope, f"{path}.label")
    return Variant(label, scope.compile_body(raw["steps"], f"{path}.steps", False))


class ResultTrigger(Kind):
    """A trigger: what it hears of a lead is the result."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Subscription | None:
        """What is heard."""
        return compile_trigger(raw, scope, path)
