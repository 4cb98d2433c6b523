"""The demo's check must be able to fail: each thing that can go wrong is named."""

from __future__ import annotations

import pytest

from campaigns.demo.acceptlog import AcceptedEvent
from campaigns.demo.check import Execution, Verdict, check, check_counters


def accepted(*ids: str, tenant: str = "whale", lead: str = "ada") -> list[AcceptedEvent]:
    return [AcceptedEvent(tenant, lead, id, "direct") for id in ids]


def executed(*ids: str, tenant: str = "whale", lead_tenant: str | None = "whale", lead: str = "ada") -> list[Execution]:
    return [Execution(tenant, lead_tenant, lead, id, "purchase", 1.0, 0.1) for id in ids]


def broken(verdict: Verdict) -> dict[str, int]:
    """The promises that were broken, and how often."""
    assert verdict.passed == (not any(fault.count for fault in verdict.faults))
    return {fault.promise: fault.count for fault in verdict.faults if fault.count}


def test_passes_when_all_is_executed_once_and_in_order() -> None:
    verdict = check(accepted("1", "2", "3"), executed("1", "2", "3"))

    assert verdict.passed
    assert (verdict.accepted, verdict.executed, verdict.again, verdict.others) == (3, 3, 0, 0)


def test_an_event_that_was_sent_again_is_executed_once() -> None:
    verdict = check(accepted("1", "2", "1"), executed("1", "2"))

    assert verdict.passed
    assert (verdict.accepted, verdict.again) == (2, 1)


def test_names_a_lost_event() -> None:
    verdict = check(accepted("1", "2"), executed("1"))

    assert broken(verdict) == {"nothing is lost": 1}
    assert verdict.lost.examples == ["event 2 of whale, lead ada"]


def test_names_an_event_executed_twice() -> None:
    verdict = check(accepted("1", "2"), executed("1", "2", "1"))

    assert broken(verdict) == {"nothing is executed twice": 1}
    assert "event 1" in verdict.twice.examples[0]


def test_names_an_event_out_of_order() -> None:
    verdict = check(accepted("1", "2", "3"), executed("1", "3", "2"))

    assert broken(verdict) == {"each lead's events are executed in their order": 1}
    assert "event 2" in verdict.disorder.examples[0]


def test_leads_have_orders_of_their_own() -> None:
    log = [*accepted("1", "2", lead="ada"), *accepted("3", "4", lead="ben")]
    done = [*executed("3", lead="ben"), *executed("1", "2"), *executed("4", lead="ben")]

    assert check(log, done).passed


@pytest.mark.parametrize(
    "wrong",
    [{"tenant": "minnow"}, {"lead_tenant": "minnow"}, {"lead_tenant": None}, {"lead": "ben"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_names_an_event_executed_elsewhere(wrong: dict[str, str]) -> None:
    verdict = check(accepted("1", "2"), [*executed("1"), *executed("2", **wrong)])

    assert broken(verdict) == {"nothing reaches another tenant or lead": 1}
    assert "event 2 of whale" in verdict.foreign.examples[0]


def test_names_a_dead_letter_and_its_error() -> None:
    verdict = check(accepted("1", "2"), executed("1"), {"2": "ValueError: no"})

    assert broken(verdict) == {"nothing accepted becomes a dead letter": 1}
    assert verdict.dead.examples == ["event 2 of whale, lead ada: ValueError: no"]


def test_executions_that_nobody_asked_for_here_are_others() -> None:
    assert check(accepted("1"), executed("1", "by hand")).others == 1


def test_names_counters_that_rose_too_little_or_too_much() -> None:
    verdict = check(accepted("1"), executed("1"))

    check_counters(verdict, {"whale": 5, "minnow": 2}, {"whale": 10, "eel": 1}, {"whale": 14, "minnow": 2, "eel": 2})

    assert verdict.miscounted.examples == [
        "eel: 0 events were executed, counters rose by 1",
        "whale: 5 events were executed, counters rose by 4",
    ]


def test_nothing_accepted_is_no_success() -> None:
    assert not check([], []).passed


def test_tells_a_few_examples_of_many() -> None:
    verdict = check(accepted(*map(str, range(100))), [])

    assert verdict.lost.count == 100
    assert len(verdict.lost.examples) == 5
