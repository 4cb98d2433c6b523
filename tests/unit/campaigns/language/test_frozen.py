from __future__ import annotations

from campaigns.language.frozen import frozen


def test_all_empty_sets_are_one() -> None:
    assert frozen([]) is frozen(())
    assert frozen([]) == frozenset()


def test_others_hold_their_items() -> None:
    assert frozen(["a", "b", "a"]) == {"a", "b"}
