from __future__ import annotations

import pytest

from tests.unit.campaigns.acme import act, campaign, event, lead, outcomes, rulebook, run, schema, step


def test_the_lead_belongs_to_the_owner() -> None:
    who = lead()

    data = act(who, "change_owner", owner="ann@acme.test")

    assert data == {"field": "owner", "old": None, "new": "ann@acme.test", "outcome": "done"}


@pytest.mark.parametrize(
    ("owner", "outcome", "reason"),
    [
        ("bob@acme.test", "skipped", "policy: owner bob@acme.test is inactive"),
        ("eve@acme.test", "failed", "there is no owner eve@acme.test"),
        (None, "skipped", "missing: there is no owner"),
    ],
)
def test_an_owner_from_a_token_is_looked_at_while_running(owner: str | None, outcome: str, reason: str) -> None:
    data = act(lead(), "change_owner", owner="{{ event.shop }}", on=event(shop=owner))

    assert data == {"outcome": outcome, "reason": reason}


def test_an_owner_who_became_inactive_gets_no_leads() -> None:
    book = rulebook(
        campaign(step("change_owner", owner="ann@acme.test")),
        tenant=schema(inactive_owners=frozenset({"ann@acme.test"})),
    )

    assert outcomes(run(book, lead())) == [("one", "change_owner", "skipped")]
