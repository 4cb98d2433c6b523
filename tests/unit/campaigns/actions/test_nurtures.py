"""Leads in the streams of a nurture."""

from __future__ import annotations

from tests.unit.campaigns.acme import act, campaign, faults, lead, record, step

BASICS = {"stream": "basics", "position": 0, "cadence": "normal", "exhausted": False}


def test_a_lead_enters_a_stream_once() -> None:
    who = lead()

    act(who, "add_to_nurture", nurture="onboarding", stream="basics")
    assert record(who, "nurture", "onboarding") == BASICS
    assert act(who, "add_to_nurture", nurture="onboarding", stream="expert")["outcome"] == "no_op"

    act(who, "add_to_nurture", nurture="onboarding", stream="basics", position=3, if_member="move")
    assert record(who, "nurture", "onboarding") == BASICS | {"position": 3, "exhausted": True}


def test_another_stream_begins_at_its_beginning_and_an_empty_one_is_exhausted() -> None:
    who = lead()
    assert act(who, "change_nurture_stream", nurture="onboarding", stream="expert")["outcome"] == "skipped"
    act(who, "add_to_nurture", nurture="onboarding", stream="basics", position=2)

    act(who, "change_nurture_stream", nurture="onboarding", stream="expert")

    assert record(who, "nurture", "onboarding") == BASICS | {"stream": "expert", "exhausted": True}
    assert act(who, "change_nurture_stream", nurture="onboarding", stream="expert")["outcome"] == "no_op"


def test_a_nurture_is_paused_and_goes_on_where_it_was() -> None:
    who = lead()
    assert act(who, "change_nurture_cadence", nurture="onboarding", cadence="paused")["outcome"] == "skipped"
    act(who, "add_to_nurture", nurture="onboarding", stream="basics", position=1)

    act(who, "change_nurture_cadence", nurture="onboarding", cadence="paused")
    assert record(who, "nurture", "onboarding") == BASICS | {"position": 1, "cadence": "paused"}
    act(who, "change_nurture_cadence", nurture="onboarding", cadence="normal")
    assert record(who, "nurture", "onboarding") == BASICS | {"position": 1}


def test_unknown_streams_and_cadences_are_faults() -> None:
    (stream,) = faults(campaign(step("add_to_nurture", nurture="onboarding", stream="begin")))
    assert "'onboarding' has no stream 'begin'; known: basics, expert" in stream
    (cadence,) = faults(campaign(step("change_nurture_cadence", nurture="onboarding", cadence="fast")))
    assert "expected one of normal, paused" in cadence
