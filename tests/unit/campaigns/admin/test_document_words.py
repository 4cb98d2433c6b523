"""All of a document is told in words; whatever it is, something is said."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from campaigns.admin.document_words import in_words
from campaigns.language.document import KEYS
from tests.unit.campaigns.acme import ACME, campaign, faults, on, step

DAY = {"amount": 1, "unit": "days"}
BUYERS = {"field": "orders", "operator": "at_least", "value": 1}
BATCH = {"type": "batch", "audience": BUYERS}


def told(**parts: Any) -> dict[str, list[str]]:
    """What is said of a document that could be published, by its headings."""
    trigger = parts.pop("on", None)
    document = campaign(step("add_note", text="x"), on=trigger, **parts)
    assert faults(document) == []
    found = in_words(document, ACME)
    return {part.label: list(part.texts) for part in (*found.before, *found.after)}


def test_who_enters_and_how_often() -> None:
    assert told()["When"] == ["purchase happens"]
    found = told(on=BATCH, filter=BUYERS, entry={"canary": 10, "cap": 1000}, after=["welcome"], tags=["spring"])
    assert (
        found["When"] == ["The batch is run (audience Orders at least 1)"]
        or "audience Orders at least 1" in found["When"][0]
    )
    assert found["Only if"] == ["Orders at least 1"]
    assert found["Lets in"] == ["10 % of the leads, always the same ones.", "At most 1,000 different leads in all."]
    assert (found["Comes after"], found["Tags"]) == (["welcome"], ["spring"])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"times": 1}, ["Once.", "Who is inside already does not enter again."]),
        (
            {"times": 3, "per": DAY, "key": "{{ event.shop }}", "inside": "parallel"},
            [
                "At most 3 times in any 1 day for each {{ event.shop }}.",
                "Who is inside already enters once more, beside the run that is there.",
            ],
        ),
        (
            {"times": 1, "per": DAY, "calendar": True, "inside": "restart"},
            ["Once in a calendar's day.", "Who is inside already leaves, and begins anew."],
        ),
    ],
)
def test_how_often_a_lead_enters(rule: dict[str, Any], said: list[str]) -> None:
    assert told(qualification=rule)["How often"] == said


def test_what_ends_a_run_and_stops_the_campaign() -> None:
    found = told(
        goals=[{"goal": "first-order", "trigger": on("purchase"), "value": "{{ event.amount }}"}, {"goal": "spring"}],
        exits=[{"label": "left", "trigger": on("signup"), "when": BUYERS}],
        limits={"runs": 10000, "failures": 20, "loops": 3},
    )
    assert found["Is reached and over"] == [
        "First-Order: when purchase happens, value {{ event.amount }}",
        "Spring: when it is recorded elsewhere",
    ]
    assert found["Ends at once"] == ["left: when signup happens, if Orders at least 1"]
    assert found["Is paused by itself if"] == [
        "More than 10,000 runs begin within an hour.",
        "Steps fail in 20 % of the runs of an hour, from 100 failures on.",
        "3 loops are stopped within an hour.",
    ]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (
            {"rule": "RRULE:FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9", "starts": "2026-11-23T09:00", "missed": "run_once"},
            [
                "Every week on Monday and Friday at 09:00, from 2026-11-23 09:00 on, by the tenant's clocks.",
                "Times that were missed are made up for once.",
            ],
        ),
        (
            {"rule": "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR;COUNT=3", "starts": "2026-11-27T18:30", "zone": "Asia/Tokyo"},
            [
                "Every 2 months on the last Friday 3 times in all, from 2026-11-27 18:30 on,"
                " by the clocks of Asia/Tokyo.",
            ],
        ),
        (
            {"rule": "FREQ=YEARLY;BYMONTH=3,12;BYMONTHDAY=1,-1;UNTIL=20301231T000000", "starts": "2026-12-01T08:00"},
            [
                "Every year in March and December on day 1 and the last day of the month until 2030-12-31,"
                " from 2026-12-01 08:00 on, by the tenant's clocks.",
            ],
        ),
    ],
)
def test_when_batches_start_by_themselves(schedule: dict[str, Any], said: list[str]) -> None:
    assert told(on=BATCH, schedule=schedule)["Starts by itself"] == said


def test_a_part_that_nobody_tells_in_particular_is_told_too() -> None:
    found = in_words({"triggers": [on("purchase")], "new_part": {"a": 1}}, ACME)
    assert [(part.label, part.texts) for part in found.after] == [("New part", ("(a 1)",))]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "<b>", "FREQ=DAILY;BYHOUR=;BYMONTH=x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rule", "times", "per", "goal", "label", "when", "trigger", "runs"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6) | ANYTHING)
def test_any_document_is_told(document: Any) -> None:
    assert "<b>" not in render_to_string("campaigns/words.html", {"words": in_words(document, ACME)}).replace(
        "<strong>", ""
    )
