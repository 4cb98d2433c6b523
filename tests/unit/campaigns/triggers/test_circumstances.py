"""Circumstances under which any trigger hears its event: `when` beside its own keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from campaigns.language.document import compile_document
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.triggers import TRIGGERS
from tests.unit.campaigns.acme import ACME, NOW, campaign, event, faults, lead, on, pass_time, rulebook, run, step

COUNT = step("change_score", amount=1)
MONDAY = datetime(2026, 3, 16, 8, 30, tzinfo=UTC)  #: half past nine where the tenant is


def heard(when: dict[str, Any], *events: Any, trigger: dict[str, Any] | None = None, **more: Any) -> int:
    """How many of the events set off a campaign with these circumstances."""
    book = rulebook(campaign(COUNT, on={**(trigger or on("purchase")), "when": when}, **more))
    who = lead()
    who.history = {question: question.begin() for question in book.needs_history}
    run(book, who, *events)
    return who.values.get("score", 0)


@pytest.mark.parametrize(
    ("when", "source", "hears"),
    [
        ({"source": "api"}, "api", True),
        ({"source": ["user", "import"]}, "replay", True),
        ({"source": "user"}, "signal:ann", True),
        ({"source": "user"}, "api", False),
        ({"source": "campaign"}, "campaign:welcome", True),
        ({"source": "api"}, "nobody knows", False),
        ({"actor": "ann"}, "signal:ann", True),
        ({"actor": ["bob", "ann"]}, "signal:cid", False),
        ({"actor": "shop"}, "hook:shop", True),
        ({"actor": "ann"}, "api", False),
        ({"campaign": "welcome"}, "campaign:welcome", True),
        ({"campaign": "welcome"}, "signal:welcome", False),
        ({"campaign": "welcome", "step": "one"}, "campaign:welcome", False),
    ],
)
def test_an_event_from_outside_says_who_sent_it(when: dict[str, Any], source: str, hears: bool) -> None:
    assert heard(when, structs.replace(event(), source=source)) == hears


@pytest.mark.parametrize(
    ("when", "hears"),
    [
        ({"source": "campaign"}, True),
        ({"source": "api"}, False),
        ({"campaign": "c1"}, True),
        ({"campaign": ["c1"], "step": "second"}, True),
        ({"campaign": "c1", "step": ["first", "third"]}, False),
        ({"campaign": "c2"}, False),
        ({"actor": "c1"}, True),
        ({"depth": {"exactly": 1}}, True),
        ({"depth": {"exactly": 0}}, False),
    ],
)
def test_what_a_step_did_says_which_campaign_and_step_it_was(when: dict[str, Any], hears: bool) -> None:
    does = [step("change_field", "first", field="nickname", value="x"), step("change_tags", "second", add=["vip"])]
    book = rulebook(campaign(*does), campaign(COUNT, on={"type": "tag_added", "tag": "vip", "when": when}))
    who = lead()

    run(book, who)

    assert who.values.get("score", 0) == hears


@pytest.mark.parametrize(
    ("when", "at", "hears"),
    [
        ({"days": ["monday"]}, MONDAY, True),
        ({"days": "tuesday"}, MONDAY, False),
        ({"from": "09:30"}, MONDAY, True),
        ({"from": "09:31"}, MONDAY, False),
        ({"until": "09:30"}, MONDAY, False),
        ({"until": "09:31"}, MONDAY, True),
        ({"from": "08:00", "until": "09:00", "zone": "UTC"}, MONDAY, True),
        ({"from": "22:00", "until": "06:00", "days": ["sunday"]}, MONDAY - timedelta(hours=5), True),
        ({"from": "22:00", "until": "06:00", "days": ["monday"]}, MONDAY - timedelta(hours=5), False),
        ({"from": "22:00", "until": "06:00"}, MONDAY, False),
        # clocks are put forward at two: half past two is never shown, the instant after is half past three
        ({"from": "02:00", "until": "03:00"}, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), False),
        ({"from": "03:00", "until": "04:00"}, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), True),
        # what they show twice counts twice
        ({"from": "02:00", "until": "03:00"}, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        ({"from": "02:00", "until": "03:00"}, datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
    ],
)
def test_days_and_times_are_those_at_which_it_happened(when: dict[str, Any], at: datetime, hears: bool) -> None:
    assert heard(when, event(at=at)) == hears


def bought(*shops: str, ago: timedelta = timedelta()) -> list[Any]:
    return [event(id=f"{shop}{place}{ago}", at=NOW - ago, shop=shop) for place, shop in enumerate(shops)]


def test_a_count_begins_to_hold_with_the_event_that_makes_it_full() -> None:
    assert heard({"count": {"at_least": 3}}, *bought("a", "b", "c", "d")) == 2
    assert heard({"count": {"exactly": 3}}, *bought("a", "b", "c", "d")) == 1


def test_a_count_within_a_time_forgets_what_is_longer_ago() -> None:
    when = {"count": {"at_least": 2}, "in_past": {"amount": 1, "unit": "days"}}
    assert heard(when, *bought("a", ago=timedelta(days=2)), *bought("b")) == 0
    assert heard(when, *bought("a", ago=timedelta(hours=23)), *bought("b")) == 1


def test_a_count_is_of_the_events_that_meet_the_triggers_own_constraints() -> None:
    trigger = on("purchase", where=[{"attribute": "shop", "operator": "is", "value": "b"}])
    assert heard({"count": {"at_least": 2}}, *bought("a", "b", "a", "B"), trigger=trigger) == 1


def test_a_count_is_of_the_thing_that_the_trigger_names() -> None:
    form = {"type": "form_filled", "form": "contact"}
    filled = [event("web.form_filled", id=f"f{n}", form=form) for n, form in enumerate(("other", "contact", "contact"))]
    assert heard({"count": {"exactly": 2}}, *filled, trigger=form) == 1


def test_the_first_time_is_once_for_ever() -> None:
    assert heard({"first_time": True}, *bought("a", "b", "c")) == 1


def test_changes_of_a_field_are_counted_whoever_made_them() -> None:
    setting = campaign(step("change_field", field="orders", value="{{ event.cds }}"))
    trigger = {"type": "field_changed", "field": "orders", "when": {"count": {"exactly": 2}}}
    book = rulebook(setting, campaign(COUNT, on=trigger))
    who = lead()
    who.history = {question: question.begin() for question in book.needs_history}

    run(book, who, *[event(id=f"e{cds}", cds=cds) for cds in (5, 6, 7)])

    assert who.values["score"] == 1


def test_an_exit_and_a_wait_hear_under_circumstances_too() -> None:
    again = {"label": "again", "trigger": on("purchase", when={"source": "user"}), "steps": [COUNT]}
    wait = step("wait_for_event", "wait", branches=[again], timeout={"amount": 9, "unit": "days"})
    leaving = {"label": "gone", "trigger": on("signup", when={"source": "import"})}
    book = rulebook(campaign(wait, on=on("page_view"), exits=[leaving]))

    def ends(*events: Any) -> tuple[bool, int]:
        who: LeadState = lead()
        run(book, who, event("page_view", id="begin"), *events)
        return not who.runs, who.values.get("score", 0)

    assert ends(event(id="e1")) == (False, 0)
    assert ends(structs.replace(event(id="e1"), source="signal:ann")) == (True, 1)
    assert ends(event("signup", id="s", email="a@b.test")) == (False, 0)
    assert ends(structs.replace(event("signup", id="s", email="a@b.test"), source="replay")) == (True, 0)


def test_an_event_kept_for_a_wait_to_come_keeps_its_circumstances() -> None:
    again = {"label": "again", "trigger": on("purchase", when={"source": "user"}), "steps": [COUNT]}
    first = step("wait_duration", "first", wait={"amount": 1, "unit": "hours"})
    recent = {"amount": 2, "unit": "hours"}
    wait = step(
        "wait_for_event", "wait", branches=[again], timeout={"amount": 9, "unit": "days"}, include_recent=recent
    )
    book = rulebook(campaign(first, wait, on=on("page_view")))
    who = lead()

    told = structs.replace(event(id="e1", at=NOW), source="signal:ann")
    run(book, who, event("page_view", id="begin", at=NOW), event(id="e0", at=NOW), told)
    pass_time(book, who, NOW + timedelta(hours=1))

    assert who.values["score"] == 1


def test_every_trigger_takes_circumstances() -> None:
    when = {"source": "api", "days": ["monday"]}
    unknown = [
        name
        for name in TRIGGERS.names()
        if any("when" in fault for fault in faults(campaign(COUNT, on={"type": name, "when": when})))
    ]
    assert unknown == []


def test_who_counts_reads_the_history_for_the_comparison_with_other_campaigns() -> None:
    scope = Scope(ACME, "mine")
    scope.compares = True
    compiled, _ = compile_document(campaign(COUNT, on=on("purchase", when={"first_time": True})), scope)
    assert compiled is not None
    assert "activity:purchase" in compiled.reads


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("api", "triggers[0].when: expected an object with some of source, actor"),
        ({"sauce": "api"}, "triggers[0].when.sauce: has no meaning here"),
        ({"source": "apy"}, "triggers[0].when.source: unknown source 'apy'"),
        ({"source": []}, "triggers[0].when.source: expected a source"),
        ({"actor": 7}, "triggers[0].when.actor: expected the name of a user"),
        ({"campaign": "walcome"}, "triggers[0].when.campaign: unknown campaign 'walcome'"),
        ({"step": "one"}, "triggers[0].when.step: needs the campaign beside it"),
        ({"days": ["mon"]}, "triggers[0].when.days: expected days such as monday"),
        ({"from": "9:00"}, "triggers[0].when.from: expected a time of day such as 09:30"),
        ({"from": "09:00", "until": "09:00"}, "triggers[0].when.until: is the same time as from"),
        ({"from": "09:00", "zone": "Berlin"}, "triggers[0].when.zone: expected tenant, lead or the name"),
        ({"from": "09:00", "zone": 7}, "triggers[0].when.zone: expected tenant"),
        ({"zone": "UTC"}, "triggers[0].when.zone: has no meaning without days, from or until"),
        ({"depth": 3}, "triggers[0].when.depth: expected an object with one of at_least"),
        ({"count": 3}, "triggers[0].when.count: expected an object with one of at_least"),
        ({"in_past": {"amount": 1, "unit": "days"}}, "triggers[0].when.in_past: has no meaning without count"),
        (
            {"count": {"at_least": 2}, "in_past": {"amount": 0, "unit": "days"}},
            "triggers[0].when.in_past.amount: must be at least 1",
        ),
        ({"first_time": "yes"}, "triggers[0].when.first_time: expected true, got 'yes'"),
        ({"first_time": True, "count": {"exactly": 1}}, "triggers[0].when.first_time: cannot stand beside count"),
    ],
)
def test_circumstances_at_fault_are_named(when: Any, message: str) -> None:
    (found,) = faults(campaign(COUNT, on=on("purchase", when=when)))
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        ({"type": "tag_added"}, "cannot be counted: events tag.added are kept in the history under what actions log"),
        ({"type": "campaign_requested"}, "cannot be counted: events campaign.requested"),
        ({"type": "page_visited", "url": "https://acme.test/*"}, "cannot be counted beside keys of the trigger's own"),
        (
            {"type": "score_changed", "where": [{"attribute": "new", "operator": "at_least", "value": 1}]},
            "changes are counted whatever their values",
        ),
    ],
)
def test_what_the_history_does_not_tell_is_not_counted(trigger: dict[str, Any], message: str) -> None:
    found = faults(campaign(COUNT, on={**trigger, "when": {"first_time": True}}), ACME, "mine")
    assert found[0].startswith(f"triggers[0].when.first_time: {message}")
