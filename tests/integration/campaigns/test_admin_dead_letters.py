"""Dead letters in the admin: how many, what will be done, and only then done; for the own tenant."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from campaigns.tenancy import tenant_context
from engine import outbox
from engine.models import DeadLetter
from engine.types import encode
from tests.events import event
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in

LIST = "admin:engine_deadletter_changelist"


@pytest.fixture(autouse=True)
def readable(two_tenants: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tenant's letter holds an event; pushing is not the page's business."""
    monkeypatch.setattr(outbox, "_push_tenant", lambda tenant: None)
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            DeadLetter.objects.update(payload=encode(event(tenant, "ada", "1")))


def ended(tenant: str) -> list[str | None]:
    with tenant_context(tenant):
        return list(DeadLetter.objects.filter(tenant_id=tenant).values_list("ended", flat=True))


def ask(action: str, *ids: int) -> Any:
    return logged_in(MARKETERS[ACME]).post(reverse(LIST), {"action": action, "_selected_action": list(ids), "index": 0})


def letter(tenant: str) -> int:
    with tenant_context(tenant):
        return DeadLetter.objects.get(tenant_id=tenant).pk


@pytest.mark.parametrize(
    ("action", "says", "end"), [("retry", "behind everything", "retried"), ("drop", "never executed", "dropped")]
)
def test_what_will_be_done_is_said_and_then_done(action: str, says: str, end: str) -> None:
    page = ask(action, letter(ACME))
    assert says in page.content.decode() and "1 dead letter<" in page.content.decode()
    assert ended(ACME) == [None]

    done = logged_in(MARKETERS[ACME]).post(reverse(LIST), read_form(page.content), follow=True)

    assert done.status_code == 200
    said = [str(message) for message in done.context["messages"]]
    assert (ended(ACME), ended(ZETA)) == ([end], [None]), said


def test_another_tenants_letter_is_out_of_reach() -> None:
    logged_in(MARKETERS[ACME]).post(
        reverse(LIST), {"action": "drop", "_selected_action": [letter(ZETA)], "index": 0, "confirmed": "yes"}
    )

    assert ended(ZETA) == [None]
