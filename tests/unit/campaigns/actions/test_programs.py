"""Members of programs: they go forward, succeed once, keep their data, and leave without being forgotten."""

from __future__ import annotations

import pytest

from tests.unit.campaigns.acme import THEN, act, campaign, faults, lead, outcomes, record, rulebook, run, step

WHEN = THEN.isoformat()


def test_a_status_makes_the_lead_a_member() -> None:
    who = lead()

    row = act(who, "change_program_status", program="webinar", status="invited", reason="spring list")

    assert record(who, "program", "webinar") == {"status": "invited", "since": WHEN, "data": {}}
    assert row == {
        "program": "webinar", "old": None, "new": record(who, "program", "webinar"), "outcome": "done",
        "reason": "spring list",
    }  # fmt: skip
    assert who.changed_records == {("program", "webinar")}


def test_a_member_goes_forward_and_not_back() -> None:
    who = lead()
    act(who, "change_program_status", program="webinar", status="registered")

    assert act(who, "change_program_status", program="webinar", status="invited") == {
        "outcome": "skipped", "reason": "policy: invited comes before registered",
    }  # fmt: skip
    assert act(who, "change_program_status", program="webinar", status="registered")["outcome"] == "no_op"
    assert act(who, "change_program_status", program="webinar", status="attended")["outcome"] == "done"


def test_reaching_a_status_of_success_is_success_for_good() -> None:
    who = lead()
    act(who, "change_program_status", program="webinar", status="attended")
    assert (record(who, "program", "webinar") or {})["success_at"] == WHEN

    act(who, "change_program_success", program="webinar", success=False)
    assert "success_at" not in (record(who, "program", "webinar") or {})


def test_success_of_a_lead_that_is_no_member_is_skipped_or_makes_it_one() -> None:
    who = lead()
    skipped = act(who, "change_program_success", program="webinar")
    assert skipped == {"outcome": "skipped", "reason": "policy: the lead is no member of webinar"}

    act(who, "change_program_success", program="webinar", if_missing="add")
    assert record(who, "program", "webinar") == {"status": "invited", "since": WHEN, "data": {}, "success_at": WHEN}


def test_what_is_kept_of_a_member_comes_and_goes() -> None:
    who = lead(nickname="Vegan")
    assert act(who, "change_member_data", program="webinar", field="seat", value="A1")["outcome"] == "skipped"
    act(who, "change_program_status", program="webinar", status="invited")

    act(who, "change_member_data", program="webinar", field="diet", value="{{ lead.nickname }}")
    assert (record(who, "program", "webinar") or {})["data"] == {"diet": "Vegan"}
    act(who, "change_member_data", program="webinar", field="diet", value=None)
    assert (record(who, "program", "webinar") or {})["data"] == {}


def test_who_left_is_remembered_and_may_begin_anew() -> None:
    who = lead()
    act(who, "change_program_status", program="webinar", status="registered")

    act(who, "remove_from_program", program="webinar")
    assert (record(who, "program", "webinar") or {})["ended"] == WHEN
    assert act(who, "remove_from_program", program="webinar")["outcome"] == "no_op"

    assert act(who, "change_program_status", program="webinar", status="invited")["outcome"] == "done"
    assert "ended" not in (record(who, "program", "webinar") or {})


def test_a_change_of_status_is_heard() -> None:
    moves = campaign(step("change_program_status", program="webinar", status="attended"))
    hears = campaign(
        step("change_tags", add=["hot"]),
        on={"type": "program_status_changed", "program": "webinar"},
        filter={"event": "success", "operator": "is_true"},
    )
    who = lead()

    rows = run(rulebook(moves, hears), who)

    assert outcomes(rows) == [("one", "change_program_status", "done"), ("one", "change_tags", "done")]
    assert who.tags == {"hot"}


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"program": "webinair", "status": "invited"}, "unknown program 'webinair'; did you mean 'webinar'?"),
        ({"program": "fair", "status": "met"}, "program 'fair' is archived"),
        ({"program": "webinar", "status": "slept"}, "'webinar' has no status 'slept'"),
        ({"program": "webinar"}, "is missing: The status to reach"),
    ],
)
def test_what_is_not_defined_is_a_fault(params: dict[str, str], fault: str) -> None:
    (found,) = faults(campaign(step("change_program_status", **params)))
    assert fault in found


def test_a_program_archived_since_publication_runs_on() -> None:
    document = campaign(step("change_program_status", program="fair", status="met"))
    who = lead()

    rows = run(rulebook(document), who)

    assert outcomes(rows) == [("one", "change_program_status", "done")]
