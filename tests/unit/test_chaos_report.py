"""The sums of several result files."""

from __future__ import annotations

from pathlib import Path

from tests.chaos import report
from tests.chaos.fault import discover
from tests.chaos.rounds import COMBINED, Outcome

discover()

COUNTS = dict.fromkeys(("lost", "twice", "disorder", "foreign", "buried", "unburied"), 0)


def outcome(number: int, kind: str, *, seed: int = 7, **counts: int) -> Outcome:
    verdict = {"accepted": 1500, "dead": 1, "counts": COUNTS | counts, "examples": {}}
    return Outcome(number, kind, f"{seed}/{number}", [kind], verdict, recovery=number / 2, spilled=10)


def test_rounds_of_a_kind_are_summed_and_all_come_last() -> None:
    played = [outcome(1, COMBINED), outcome(2, "FLUSHALL", lost=2), outcome(3, "FLUSHALL", disorder=1, foreign=1)]

    assert [*report.rows(played)] == [
        ("FLUSHALL", "2", "3,000", "2", "0", "2", "0", "0", "1.5 s"),
        (COMBINED, "1", "1,500", "0", "0", "0", "0", "0", "0.5 s"),
        ("all", "3", "4,500", "2", "0", "2", "0", "0", "1.5 s"),
    ]


def test_several_files_make_one_table_by_seed(tmp_path: Path) -> None:
    for seed in (7, 12):
        report.save(tmp_path / f"{seed}.json", seed, [outcome(seed, "FLUSHALL", seed=seed, lost=seed - 7)], {})

    text = report.markdown([one for seed in (12, 7) for one in report.load(tmp_path / f"{seed}.json")])

    assert "| seed | 7 | 12 |" in text
    assert "| not passed | 0 | 1 |" in text
    assert '"spilled": 20' in text
    assert "| **all** | **2** | **3,000** | **5** |" in text


def test_a_lane_that_stays_in_spill_mode_fails_its_round() -> None:
    stays = outcome(1, "FLUSHALL")
    stays.in_spill = 1

    assert (outcome(1, "FLUSHALL").passed, stays.passed) == (True, False)


def test_what_the_reconciler_repaired_fails_a_round_unless_its_fault_wrote_to_the_lanes() -> None:
    by_itself, deleted = outcome(1, "FLUSHALL"), outcome(2, "DEL of a lane")
    by_itself.broken = deleted.broken = {"depth": 1}

    assert (by_itself.passed, deleted.passed) == (False, True)
