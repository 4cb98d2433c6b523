"""Which campaign comes first on one event: `after` names those that go before, then priority, position
and age decide."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from campaigns.language.executing import find_circle
from campaigns.language.frozen import frozen
from campaigns.language.scope import Scope
from campaigns.language.values import show

AFTER = "after"
AFTER_LIMIT = 50  #: campaigns that one can be after


class Place(NamedTuple):
    """What decides when a campaign comes."""

    priority: int  #: its place among the classes
    position: int
    id: int
    key: str
    after: frozenset[str]


def after_of(document: Any) -> frozenset[str]:
    """The campaigns that the document's campaign comes after, whatever the document is."""
    raw = document.get(AFTER) if isinstance(document, dict) else None
    return frozen(item for item in raw if isinstance(item, str)) if isinstance(raw, list) else frozen(())


def check_after(raw: Any, scope: Scope) -> None:
    """Campaigns must be there and not wait for each other. What is gone later no longer matters."""
    if raw is None or not scope.publishing:
        return
    if not isinstance(raw, list) or len(raw) > AFTER_LIMIT:
        scope.fault(AFTER, f"expected a list of at most {AFTER_LIMIT} keys of campaigns, got {show(raw)}")
        return
    for index, item in enumerate(raw):
        _check_one(item, scope, f"{AFTER}[{index}]")


def _check_one(key: Any, scope: Scope, path: str) -> None:
    known = scope.schema.campaigns
    if not isinstance(key, str):
        scope.fault(path, f"expected the key of a campaign, got {show(key)}")
    elif key == scope.key:
        scope.fault(path, "a campaign cannot come after itself")
    elif key not in known:
        scope.fault(path, f"unknown campaign {key[:64]!r}{scope.hint(key, known)}")
    else:
        _check_circle(key, scope, path)


def _check_circle(key: str, scope: Scope, path: str) -> None:
    circle = find_circle(scope.schema.follows or {}, scope.key, key) if scope.key else None
    if circle:
        scope.fault(path, f"the campaigns would come after each other in a circle: {' → '.join(circle)}")


def in_order(places: Iterable[Place]) -> list[str]:
    """The keys, each behind those it is after, and as priority, position and id say where
    that leaves it open.

    A campaign that is not among them holds nobody up. In a circle, which no publication makes alone, the first by
    these goes first.
    """
    left = {place.key: place for place in sorted(places)}
    if not any(place.after for place in left.values()):  # nearly always
        return list(left)
    missing = {key: len(place.after & left.keys() - {key}) for key, place in left.items()}
    behind = _behind(left)
    ready = [place for place in left.values() if not missing[place.key]]
    done: list[str] = []
    while left:
        place = heapq.heappop(ready) if ready else next(iter(left.values()))
        if left.pop(place.key, None) is None:
            continue
        done.append(place.key)
        for key in behind.get(place.key, ()):
            missing[key] -= 1
            if not missing[key] and key in left:
                heapq.heappush(ready, left[key])
    return done


def _behind(places: Mapping[str, Place]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place in places.values():
        for key in place.after:
            if key != place.key:
                found.setdefault(key, []).append(place.key)
    return found


def comes_after(follows: Mapping[str, frozenset[str]], campaign: str, other: str) -> bool:
    """Whether a campaign says, itself or by those between, that it comes after another."""
    return find_circle(follows, other, campaign) is not None
