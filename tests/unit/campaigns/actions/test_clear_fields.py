from __future__ import annotations

from tests.unit.campaigns.acme import campaign, faults, lead, rulebook, run, step


def test_the_fields_have_no_value_afterwards() -> None:
    who = lead(nickname="Ann", orders=0, notes="x")

    rows = run(rulebook(campaign(step("clear_fields", fields=["nickname", "orders", "total", "orders"]))), who)

    assert who.values == {"notes": "x"}
    assert [(row.data["field"], row.data["old"], row.data["new"]) for row in rows[1:]] == [
        ("nickname", "Ann", None),
        ("orders", 0, None),
    ]


def test_read_only_fields_and_those_with_an_action_of_their_own_are_refused() -> None:
    assert faults(campaign(step("clear_fields", fields=["crm_id", "stage"]))) == [
        "steps[0].params.fields[0]: field 'crm_id' is read-only",
        "steps[0].params.fields[1]: field 'stage' is changed by the action change_stage only",
    ]
