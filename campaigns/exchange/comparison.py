"""What a draft would change in a campaign: its steps and triggers by their ids, its other parts by their names."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from campaigns.language.values import show

_encode = msgspec.json.Encoder(order="deterministic").encode

NESTED = "steps within"  #: how a step is shown that holds others: by their ids


class Difference(msgspec.Struct, frozen=True):
    """One value that differs within what changed."""

    path: str
    old: Any
    new: Any


class Change(msgspec.Struct, frozen=True):
    """One thing that would be added, changed, moved or removed."""

    what: str
    kind: str  #: step, trigger or part
    id: str
    old: Any = None
    new: Any = None
    differences: tuple[Difference, ...] = ()


def compare(old: Any, new: Any) -> list[Change]:
    """Every change from one document to another: triggers, then steps, then the rest."""
    before, after = (value if isinstance(value, dict) else {} for value in (old, new))
    changes = _compare_named("trigger", triggers_by_id(before), triggers_by_id(after))
    changes += _compare_named("step", steps_by_id(before), steps_by_id(after))
    return changes + _compare_named("part", _parts(before), _parts(after))


def _parts(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("triggers", "steps")}


def triggers_by_id(document: dict[str, Any]) -> dict[str, Any]:
    """The triggers by their ids. One without an id is known by its type and what it hears: its second like it by #2."""
    return _numbered((_trigger_name(item), item) for item in _items(document.get("triggers")))


def _trigger_name(trigger: Any) -> str:
    if not isinstance(trigger, dict):
        return show(trigger)
    if isinstance(trigger.get("id"), str):
        return trigger["id"]
    heard = [value for key, value in sorted(trigger.items()) if key != "type" and isinstance(value, str)]
    return ":".join([str(trigger.get("type")), *heard])


def steps_by_id(document: dict[str, Any]) -> dict[str, Any]:
    """All steps by their ids, those within others too; what holds them shows their ids in their place."""
    return _numbered(_steps(document.get("steps")))


def _steps(items: Any) -> Iterator[tuple[str, Any]]:
    for item in _items(items):
        inner: list[Any] = []
        flat = _without_bodies(item, inner)
        yield str(item.get("id")) if isinstance(item, dict) else show(item), flat
        for body in inner:
            yield from _steps(body)


def _without_bodies(value: Any, found: list[Any]) -> Any:
    """The value with lists of steps within it replaced by the steps' ids."""
    if isinstance(value, dict):
        return {name: _without_bodies(item, found) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, dict) and "action" in item and "id" in item for item in value):
        found.append(value)
        return {NESTED: [item["id"] for item in value]}
    return [_without_bodies(item, found) for item in value]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _numbered(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for name, item in pairs:
        counts[name] += 1
        made[name if counts[name] == 1 else f"{name}#{counts[name]}"] = item
    return made


def _compare_named(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    changes = [Change("removed", kind, id, old=item) for id, item in old.items() if id not in new]
    places = {id: place for place, id in enumerate(old)}
    moved = set() if kind == "part" else _moved(places, [id for id in new if id in places])
    for place, (id, item) in enumerate(new.items()):
        if id not in old:
            changes.append(Change("added", kind, id, new=item))
        elif not _same(old[id], item):
            changes.append(Change("changed", kind, id, old[id], item, tuple(_differences("", old[id], item))))
        if id in moved:
            changes.append(Change("moved", kind, id, places[id], place))
    return changes


def _same(one: Any, other: Any) -> bool:
    """As JSON has it: true is not 1."""
    return _encode(one) == _encode(other)


def _moved(places: dict[str, int], kept: list[str]) -> set[str]:
    """Which of those in both stand elsewhere among each other: all but one longest run that kept its order."""
    ends: list[int] = []  #: of the runs of each length, the smallest last place
    lengths = []
    for id in kept:
        length = bisect_left(ends, places[id])
        ends[length : length + 1] = [places[id]]
        lengths.append(length)
    wanted, stayed = len(ends) - 1, set()
    for id, length in zip(reversed(kept), reversed(lengths), strict=True):
        if length == wanted:
            stayed.add(id)
            wanted -= 1
    return set(kept) - stayed


def _differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if _same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(f"{path}.{name}" if path else name, old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other)
    else:
        yield Difference(path, old, new)
