"""Filters: trees of all, any and none over conditions, compiled to closures."""

from __future__ import annotations

from typing import Any

from campaigns.filters import CONDITIONS
from campaigns.language.condition import compile_condition, read_condition
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Group, Leaf, Matches, Node, never
from campaigns.language.logic import read_logic
from campaigns.language.schema import EventTypeSpec
from campaigns.language.scope import Scope
from campaigns.language.values import show

DEPTH_LIMIT = 10
NODES_LIMIT = 200

GROUPS = ("all", "any", "none", "exactly_one", "at_least", "filters")
SOURCES = ("field", "event", "run")
AT_LEAST = "at_least"  #: has the number beside it: {"at_least": [...], "count": 2}
NUMBERED = "filters"  #: has an expression beside it: {"filters": [...], "logic": "(1 or 2) and 3"}
BESIDE = {AT_LEAST: "count", NUMBERED: "logic"}


def compile_filter(raw: Any, scope: Scope, path: str) -> Matches:
    """Check a filter tree and compile it for memory. Notes every fault."""
    return matches_of(read_filter(raw, scope, path))


def read_filter(raw: Any, scope: Scope, path: str) -> Node:
    """Check a filter tree. Notes every fault; of use only when there are none."""
    if not _fits(raw, scope, path):
        return NEVER
    return _read(raw, scope, path)


def matches_of(node: Node) -> Matches:
    """The evaluator for memory: one lead at a time, with the event that concerns it."""
    if isinstance(node, Leaf):
        return node.matches
    tests = [matches_of(item) for item in node.items]
    if node.name == AT_LEAST:
        return at_least(tests, node.count)
    return _GROUPS[node.name](tests)


def compile_where(raw: Any, event: EventTypeSpec, scope: Scope, path: str) -> Matches | None:
    """Compile the constraints of a trigger on its event; None when there are none."""
    if raw is None or raw == []:
        return None
    if not isinstance(raw, list) or len(raw) > NODES_LIMIT:
        scope.fault(path, f"expected a list of at most {NODES_LIMIT} constraints")
        return None
    inner = Scope(scope.schema, scope.key, publishing=scope.publishing)
    inner.faults, inner.events, inner.hints = scope.faults, [event], scope.hints
    inner.compares, inner.reads = scope.compares, scope.reads
    tests = [_compile_constraint(item, inner, f"{path}[{index}]") for index, item in enumerate(raw)]
    scope.needs_lists |= inner.needs_lists
    scope.hints = inner.hints
    return all_of(tests)


def _compile_constraint(raw: Any, scope: Scope, path: str) -> Matches:
    if not isinstance(raw, dict) or "attribute" not in raw:
        scope.fault(path, "expected an object with attribute, operator and value")
        return never
    return compile_condition(raw, "attribute", scope, path)


def _fits(raw: Any, scope: Scope, path: str) -> bool:
    """Whether the tree keeps to its limits; looked at first, so that nothing deep is ever walked by recursion."""
    nodes, level, count = [raw], 0, 0
    while nodes:
        level, count = level + 1, count + len(nodes)
        if level > DEPTH_LIMIT:
            scope.fault(path, f"is nested more than {DEPTH_LIMIT} levels deep")
            return False
        if count > NODES_LIMIT:
            scope.fault(path, f"has more than {NODES_LIMIT} conditions and groups")
            return False
        nodes = [child for node in nodes for child in _children(node)]
    return True


def _children(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    return [child for name in GROUPS if isinstance(node.get(name), list) for child in node[name]]


def _read(raw: Any, scope: Scope, path: str) -> Node:
    if isinstance(raw, dict):
        for name in GROUPS:
            if name in raw:
                return _read_group(raw, name, scope, path)
        for name in SOURCES:
            if name in raw:
                return read_condition(raw, name, scope, path)
        for name in CONDITIONS.names():
            if name in raw:
                return CONDITIONS[name](raw, scope, path, read_filter)
    scope.fault(path, f"expected an object with one of {', '.join(known())}")
    return NEVER


def known() -> list[str]:
    """The keys by which filters are told apart."""
    return [*GROUPS, *SOURCES, *CONDITIONS.names()]


def _read_group(raw: dict[str, Any], name: str, scope: Scope, path: str) -> Node:
    scope.expect_keys(raw, path, (name, BESIDE[name]) if name in BESIDE else (name,))
    items = raw[name]
    if not isinstance(items, list) or not items:
        scope.fault(f"{path}.{name}", "expected a list of at least one filter")
        return NEVER
    count = _read_count(raw, len(items), scope, path) if name == AT_LEAST else 1
    read = tuple(_read(item, scope, f"{path}.{name}[{index}]") for index, item in enumerate(items))
    return _read_logic(raw.get("logic"), read, scope, f"{path}.logic") if name == NUMBERED else Group(name, read, count)


def _read_logic(raw: Any, items: tuple[Node, ...], scope: Scope, path: str) -> Node:
    try:
        return read_logic(raw, items)
    except ValueError as error:
        scope.fault(path, str(error))
        return NEVER


def _read_count(raw: dict[str, Any], most: int, scope: Scope, path: str) -> int:
    count = raw.get("count")
    if type(count) is not int or not 1 <= count <= most:
        scope.fault(f"{path}.count", f"expected how many of the {most} must match, got {show(count)}")
        return 1
    return count


def all_of(tests: list[Matches]) -> Matches:
    """Matches when each does."""
    if len(tests) == 1:
        return tests[0]

    def matches(lead: LeadState, context: Context) -> bool:
        for test in tests:  # noqa: SIM110  (a loop is half the cost of all() on this path)
            if not test(lead, context):
                return False
        return True

    return matches


def any_of(tests: list[Matches]) -> Matches:
    """Matches when one does."""
    if len(tests) == 1:
        return tests[0]

    def matches(lead: LeadState, context: Context) -> bool:
        for test in tests:  # noqa: SIM110  (a loop is half the cost of any() on this path)
            if test(lead, context):
                return True
        return False

    return matches


def none_of(tests: list[Matches]) -> Matches:
    """Matches when not one does."""
    some = any_of(tests)
    return lambda lead, context: not some(lead, context)


def exactly_one_of(tests: list[Matches]) -> Matches:
    """Matches when one does and no other."""

    def matches(lead: LeadState, context: Context) -> bool:
        return sum(test(lead, context) for test in tests) == 1

    return matches


def at_least(tests: list[Matches], count: int) -> Matches:
    """Matches when so many do."""

    def matches(lead: LeadState, context: Context) -> bool:
        return sum(test(lead, context) for test in tests) >= count

    return matches


_GROUPS = {"all": all_of, "any": any_of, "none": none_of, "exactly_one": exactly_one_of}
