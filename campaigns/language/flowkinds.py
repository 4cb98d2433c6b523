"""Parameters of flow steps: steps nested in a step, and steps that another one goes on to."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.condition import Matches
from campaigns.language.filtertree import compile_filter
from campaigns.language.parameters import Kind, Prepared, WholeNumber
from campaigns.language.scope import Scope
from campaigns.language.values import show

CASES_LIMIT = 50
ENCLOSING = {"transaction_group": "steps", "checkpoint": "undo"}  #: actions, and their parameter of kind Enclosed


class Body(Kind):
    """A list of steps: they run one after the other; [] for none."""

    def __init__(self, doc: str, *, loops: bool = False) -> None:
        super().__init__(doc)
        self.loops = loops  #: the owner is executed again when they are done

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> int | None:
        """The place of the first step, for Enter."""
        return scope.compile_body(raw, path, self.loops)


class Enclosed(Body):
    """A list of steps of some natures, which are entered by their owner alone. It is executed again behind them."""

    def __init__(self, doc: str, *, natures: tuple[str, ...], why: str) -> None:
        super().__init__(doc, loops=True)
        self.natures = natures
        self.why = why  #: of the others they are not

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> int | None:
        """The place of the first step."""
        outer, scope.enclosure = scope.enclosure, self
        place = super().prepare(raw, scope, path, done)
        scope.enclosure = outer
        return place


def enclosed_steps(document: Any) -> set[str]:
    """The ids of the steps of a document that only their owner enters, wherever it is nested."""
    found, pending = set(), [(document, False)]
    while pending:
        item, inside = pending.pop()
        if isinstance(item, list):
            pending += [(one, inside) for one in item]
        elif isinstance(item, dict):
            name = ENCLOSING.get(item.get("action", ""))
            if inside and isinstance(item.get("id"), str) and "action" in item:
                found.add(item["id"])
            pending += [(value, inside) for value in item.values()]
            if name:
                pending += [(given.get(name), True) for given in params_of(item)]
    return found


def params_of(step: dict[str, Any]) -> list[dict[str, Any]]:
    """All parameters that a step may be executed with."""
    choices = [one.get("params") for one in step.get("choices") or () if isinstance(one, dict)]
    return [one for one in (step.get("params"), step.get("default"), *choices) if isinstance(one, dict)]


class StepRef(Kind):
    """The id of a step of the same campaign."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The id; whether there is such a step shows when all are known."""
        if not isinstance(raw, str):
            scope.fault(path, f"expected the id of a step, got {show(raw)}")
            return None
        scope.targets.append((path, raw))
        return raw


class Case(msgspec.Struct, frozen=True):
    """A way that a run may take."""

    label: str
    when: Matches
    body: int | None


class Cases(Kind):
    """A list of {label, when, steps}: the first whose condition holds is taken."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[Case, ...]:
        """The cases, in order."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= CASES_LIMIT:
            scope.fault(path, f"expected a list of 1 to {CASES_LIMIT} cases, each with label, when and steps")
            return ()
        found = [_case(item, scope, f"{path}[{index}]") for index, item in enumerate(raw)]
        return tuple(case for case in found if case is not None)


def _case(raw: Any, scope: Scope, path: str) -> Case | None:
    if not isinstance(raw, dict) or not {"label", "when", "steps"} <= raw.keys():
        scope.fault(path, "expected an object with label, when and steps")
        return None
    scope.expect_keys(raw, path, ("label", "when", "steps"))
    label = read_label(raw["label"], scope, f"{path}.label")
    when = compile_filter(raw["when"], scope, f"{path}.when")
    return Case(label, when, scope.compile_body(raw["steps"], f"{path}.steps", False))


class Way(msgspec.Struct, frozen=True):
    """A way that a share of the leads takes."""

    label: str
    weight: int  #: percent
    body: int | None


class Ways(Kind):
    """A list of {label, weight, steps}; the weights are percentages and give 100 together."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[Way, ...]:
        """The ways, in order."""
        if not isinstance(raw, list) or not 2 <= len(raw) <= CASES_LIMIT:
            scope.fault(path, f"expected a list of 2 to {CASES_LIMIT} ways, each with label, weight and steps")
            return ()
        ways = tuple(way for index, item in enumerate(raw) if (way := _way(item, scope, f"{path}[{index}]")))
        total = sum(way.weight for way in ways)
        if len(ways) == len(raw) and total != 100:
            scope.fault(path, f"has weights of {total} together, expected 100")
        if len({way.label for way in ways}) < len(ways):
            scope.fault(path, "has two ways of one label; give each its own")
        return ways


def _way(raw: Any, scope: Scope, path: str) -> Way | None:
    if not isinstance(raw, dict) or not {"label", "weight", "steps"} <= raw.keys():
        scope.fault(path, "expected an object with label, weight and steps")
        return None
    scope.expect_keys(raw, path, ("label", "weight", "steps"))
    label = read_label(raw["label"], scope, f"{path}.label")
    weight = WholeNumber("", 0, 100).prepare(raw["weight"], scope, f"{path}.weight", {})
    return Way(label, weight, scope.compile_body(raw["steps"], f"{path}.steps", False))


def read_label(raw: Any, scope: Scope, path: str) -> str:
    """A few words for people and activities."""
    if not isinstance(raw, str) or not 1 <= len(raw.strip()) <= 64:
        scope.fault(path, f"expected a label of 1 to 64 characters, got {show(raw)}")
        return ""
    return raw.strip()
