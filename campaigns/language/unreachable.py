"""What no run ever comes to: a choice behind those that take every lead, steps behind an exit.

Conditions are taken for what can be true or false by itself; only how they are put together is looked at. So what is
told is certain, and what is certain only by what the conditions say is not told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import msgspec

from campaigns.actions import ACTIONS
from campaigns.language.eventkinds import EventBranches
from campaigns.language.experimentkinds import Variants
from campaigns.language.faults import Fault
from campaigns.language.filtertree import BESIDE, GROUPS, NUMBERED, SOURCES, matches_of
from campaigns.language.flowkinds import Body, Cases, Ways
from campaigns.language.leaf import Group, Leaf, Matches, Node, for_memory
from campaigns.language.logic import read_logic

ATOMS_LIMIT = 10  #: different conditions tried in all ways; where there are more, each choice is tried on its own

EXIT, JUMP, BRANCH = "exit_flow", "jump_to", "branch"
LEAVES_OUT_NEXT = "skip"  #: what a parameter says by which a run may go on without the next step
HOLDERS = (Body, Cases, EventBranches, Variants, Ways)  #: kinds of parameters with steps
_OPPOSITES = {"is_not_empty": "is_empty"}
_ANYBODY: Any = None  #: conditions look up what is tried, not a lead

Json = dict[str, Any]


def find_unreachable(document: Json) -> list[Fault]:
    """A warning for each choice, way and step of a document without faults that no run comes to."""
    steps = document["steps"]
    jumps = [one for step in steps for one in _all_in(step) if one["action"] == JUMP]
    return list(_in_list(steps, "steps", {given["step"] for jump in jumps for _, given in _parameters(jump, "")}))


def _in_list(steps: list[Json], path: str, targets: set[str]) -> Iterator[Fault]:
    """The first step behind each exit, and what no run comes to within the others."""
    exit, before = "", None
    for place, step in enumerate(steps):
        here = f"{path}[{place}]"
        if exit and not targets.isdisjoint(one["id"] for one in _all_in(step)):
            exit = ""
        elif exit:
            if before is not None:
                yield Fault(here, f"no run comes here: each ends at step '{exit}' before it")
            before = None
            continue
        yield from _in_step(step, here, targets)
        if _ends(step) and not _may_leave_out(before):
            exit = step["id"]
        before = step


def _in_step(step: Json, path: str, targets: set[str]) -> Iterator[Fault]:
    if "choices" in step:
        yield from _never_taken(step["choices"], f"{path}.choices", step.get("default"), f"{path}.default")
    if step["action"] == BRANCH:
        for at, params in _parameters(step, path):
            yield from _never_taken(params["cases"], f"{at}.cases", params.get("default"), f"{at}.default")
    for inner, steps in _bodies(step, path):
        yield from _in_list(steps, inner, targets)


def _never_taken(choices: list[Json], path: str, default: Any, default_path: str) -> Iterator[Fault]:
    tests = [_Test.of(choice["when"]) for choice in choices]
    for place, test in enumerate(tests):
        if not _possible(test, []):
            yield Fault(f"{path}[{place}]", "is never taken: its condition contradicts itself")
        elif not _possible(test, tests[:place]):
            yield Fault(f"{path}[{place}]", "is never taken: whom it is for is taken by one before it")
    if default and not _possible(_Test.of({"all": []}), tests):
        yield Fault(default_path, "is never taken: those before it take everybody")


class _Test(msgspec.Struct, frozen=True):
    """A condition over what may be true or false by itself."""

    atoms: frozenset[str]
    matches: Matches
    truth: dict[str, bool]  #: what is tried

    @classmethod
    def of(cls, raw: Any) -> _Test:
        truth: dict[str, bool] = {}
        matches = matches_of(_node(raw, truth))
        return cls(frozenset(truth), matches, truth)

    def holds(self, tried: dict[str, bool]) -> bool:
        self.truth.update(tried)
        return self.matches(_ANYBODY, _ANYBODY)


def _possible(test: _Test, before: Sequence[_Test]) -> bool:
    """Whether it may hold where none of those before it does."""
    if len(test.atoms.union(*(one.atoms for one in before))) > ATOMS_LIMIT:
        before = [one for one in before if one.atoms <= test.atoms]
    atoms = sorted(test.atoms.union(*(one.atoms for one in before)))
    if len(atoms) > ATOMS_LIMIT:
        return True
    for values in product((True, False), repeat=len(atoms)):
        tried = dict(zip(atoms, values, strict=True))
        if test.holds(tried) and not any(one.holds(tried) for one in before):
            return True
    return False


def _node(raw: Json, truth: dict[str, bool]) -> Node:
    name = next((name for name in GROUPS if name in raw), None)
    if name is None:
        return _atom(raw, truth)
    items = tuple(_node(item, truth) for item in raw[name])
    if name == NUMBERED:
        return read_logic(raw["logic"], items)
    return Group(name, items, raw.get(BESIDE.get(name, ""), 1))


def _atom(raw: Json, truth: dict[str, bool]) -> Node:
    """A condition by itself. What is said to be not so is the same one, the other way round."""
    said = dict(raw)
    if any(source in raw for source in SOURCES):
        negative = said.get("operator") in _OPPOSITES
        said["operator"] = _OPPOSITES.get(said["operator"], said["operator"]) if "operator" in said else None
    else:
        operator = said.get("operator", "in")
        negative = operator == "not_in"
        said["operator"] = "in" if negative else operator
    key = json.dumps(said, sort_keys=True, default=str)
    truth[key] = False
    leaf = Leaf(lambda lead, context: truth[key], for_memory)
    return Group("none", (leaf,)) if negative else leaf


def _ends(step: Json) -> bool:
    """Whether every run that comes to the step ends in it."""
    if "choices" in step and step.get("default") is None:
        return False
    if step["action"] == BRANCH:
        return all(_all_ways_end(params) for _, params in _parameters(step, ""))
    return step["action"] == EXIT


def _all_ways_end(branch: Json) -> bool:
    ways = [*(case["steps"] for case in branch["cases"]), branch.get("default") or []]
    return all(any(map(_ends, steps)) for steps in ways)


def _may_leave_out(step: Json | None) -> bool:
    """Whether a run may go on without the step that comes next."""
    within = _all_in(step) if step is not None else ()
    return any(LEAVES_OUT_NEXT in params.values() for one in within for _, params in _parameters(one, ""))


def _all_in(step: Json) -> Iterator[Json]:
    """The step, and all within it."""
    yield step
    for _, steps in _bodies(step, ""):
        for inner in steps:
            yield from _all_in(inner)


def _bodies(step: Json, path: str) -> Iterator[tuple[str, list[Json]]]:
    """The lists of steps that a step holds, each with its path."""
    names = [one.name for one in ACTIONS[step["action"]].parameters if isinstance(one.kind, HOLDERS)]
    for at, params in _parameters(step, path):
        for name in names:
            yield from _lists_of(params.get(name) or [], f"{at}.{name}")


def _lists_of(held: list[Json], path: str) -> Iterator[tuple[str, list[Json]]]:
    """Steps, or ways with steps each."""
    if held and "action" in held[0]:
        yield path, held
    else:
        yield from ((f"{path}[{place}].steps", way.get("steps") or []) for place, way in enumerate(held))


def _parameters(step: Json, path: str) -> Iterator[tuple[str, Json]]:
    """All parameters that a step may be executed with, each with their path."""
    if "choices" not in step:
        yield f"{path}.params", step["params"]
    for place, choice in enumerate(step.get("choices", ())):
        yield f"{path}.choices[{place}].params", choice["params"]
    if step.get("default") is not None:
        yield f"{path}.default", step["default"]
