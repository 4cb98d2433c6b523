"""The judge of the chaos rounds: each fault is named, two tenants apart, and it knows nothing of the engine."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos import oracle

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def accepted(*ids: str, tenant: str = "whale", lead: str = "ada", expect: str = "done") -> list[dict[str, Any]]:
    return [
        {"tenant": tenant, "lead": lead, "id": id, "order": order, "expect": expect} for order, id in enumerate(ids)
    ]


def effects(*ids: str, tenant: str = "whale", lead: str = "ada", first: int = 1) -> list[tuple[Any, ...]]:
    return [(tenant, lead, id, number, NOON + timedelta(seconds=number)) for number, id in enumerate(ids, start=first)]


def wrong(*arguments: Any) -> dict[str, list[str]]:
    """Examples by fault; the counts agree with them."""
    verdict = oracle.judge(*arguments)
    assert {fault: count for fault, count in verdict["counts"].items() if count} == {
        fault: len(examples) for fault, examples in verdict["examples"].items()
    }
    return verdict["examples"]


def test_honest_rounds_pass() -> None:
    sent = [*accepted("1", "2"), *accepted("1", "2", tenant="minnow"), *accepted("bad", lead="eve", expect="dead")]

    assert wrong(sent, [*effects("1", "2"), *effects("1", "2", tenant="minnow")], [("whale", "bad", "it raised")]) == {}


def test_what_is_nowhere_is_lost() -> None:
    sent = [*accepted("1", "2"), *accepted("1", tenant="minnow")]

    assert wrong(sent, effects("1", "2"), []) == {"lost": ["minnow/1"]}


def test_what_was_accepted_before_an_abort_may_be_missing_and_nothing_else() -> None:
    sent = [line | {"asked": float(order)} for order, line in enumerate(accepted("0", "1", "2"))]
    stranger = [line | {"asked": 0.0} for line in accepted("0", tenant="minnow")]

    found = wrong([*sent, *stranger, {"tenant": "whale", "aborted": 1.0}], [], [])

    assert found == {"lost": ["whale/2", "minnow/0"]}


def test_what_was_sent_again_after_an_abort_must_not_be_missing() -> None:
    sent = [line | {"asked": at} for at in (0.0, 2.0) for line in accepted("1")]

    assert wrong([*sent, {"tenant": "whale", "aborted": 1.0}], [], []) == {"lost": ["whale/1"]}


def test_what_was_done_twice_or_done_and_buried_is_named() -> None:
    found = wrong(accepted("1", "2"), effects("1", "1", "2"), [("whale", "2", "it raised")])

    assert found["twice"] == ["whale/1 2 times", "whale/2 done and buried"]


def test_what_came_too_late_or_was_committed_too_early_is_named() -> None:
    assert wrong(accepted("1", "2"), effects("2", "1"), []) == {"disorder": ["whale/1 of ada came too late"]}
    first, second = effects("1", "2")
    early = (*second[:4], NOON)
    assert wrong(accepted("1", "2"), [first, early], []) == {"disorder": ["whale/2 of ada was committed too early"]}


def test_an_event_that_was_sent_again_counts_from_its_first_acceptance() -> None:
    sent = [*accepted("1", "2"), *[line | {"order": 9} for line in accepted("1")]]

    assert wrong(sent, effects("1", "2"), []) == {}


def test_what_nobody_asked_for_is_named() -> None:
    found = wrong(accepted("1"), [*effects("1", lead="bob"), *effects("7", tenant="minnow")], [])

    assert found == {"foreign": ["whale/1 on lead bob", "minnow/7 on lead ada"]}


def test_an_innocent_dead_letter_and_a_poison_that_was_done_are_named() -> None:
    sent = [*accepted("1"), *accepted("bad", expect="dead", tenant="minnow")]

    found = wrong(sent, effects("bad", tenant="minnow"), [("whale", "1", "died 3 times")])

    assert found == {"buried": ["whale/1: died 3 times"], "unburied": ["minnow/bad"]}


def test_it_imports_nothing_of_what_it_judges() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert not [name for name in names if name.partition(".")[0] in ("engine", "campaigns", "tests", "django")]
