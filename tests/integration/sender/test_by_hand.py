"""Deliveries before people: how many, what will be done, and only then done; and in the API, those of a lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from campaigns import keys
from campaigns.models import Delivery
from campaigns.sender.loop import Sender
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in
from tests.integration.sender.mailing import buy, deliveries, heard, sends
from tests.outside import MailServer

LIST = "admin:campaigns_delivery_changelist"


def ask(action: str, *ids: int, **more: str) -> Any:
    data = {"action": action, "_selected_action": list(ids), "index": 0} | more
    return logged_in(MARKETERS[ACME]).post(reverse(LIST), data)


def ids(tenant: str) -> list[int]:
    with tenant_context(tenant):
        return list(Delivery.objects.filter(tenant=tenant).order_by("id").values_list("id", flat=True))


def confirm(page: Any) -> list[str]:
    done = logged_in(MARKETERS[ACME]).post(reverse(LIST), read_form(page.content), follow=True)
    return [str(message) for message in done.context["messages"]]


@pytest.fixture
def one_failed(worker: psycopg.Connection) -> list[int]:
    """Of each tenant's three deliveries the first failed, the others wait. Acme's are returned."""
    for tenant in (ACME, ZETA):
        sends(tenant)
        buy(worker, tenant, 1, 2, 3)
        worker.execute(
            "UPDATE campaigns_delivery SET state = 'failed', ended_at = now(), attempts = 12, error = '550 who?',"
            " error_type = 'rejected' WHERE id = %s",
            [ids(tenant)[0]],
        )
    return ids(ACME)


def test_an_empty_page_says_what_to_do() -> None:
    page = logged_in(MARKETERS[ACME]).get(reverse(LIST)).content.decode()

    assert "Nothing is to be sent" in page and "Add delivery" not in page


def test_the_page_shows_the_own_tenants_deliveries_by_state(one_failed: list[int]) -> None:
    client = logged_in(MARKETERS[ACME])
    every, failed = client.get(reverse(LIST)), client.get(reverse(LIST) + "?state=failed")

    assert (every.context["cl"].result_count, failed.context["cl"].result_count) == (3, 1)
    assert "550 who?" in failed.content.decode()
    shown = client.get(reverse("admin:campaigns_delivery_change", args=[one_failed[0]]))
    assert shown.status_code == 200 and "rejected" in shown.content.decode()
    start = client.get(reverse("admin:index"))
    assert [row[:2] for row in start.context["figures"]][-2:] == [
        ("Deliveries waiting", "2"), ("Deliveries failed", "1"),
    ]  # fmt: skip


def test_what_failed_is_tried_again_as_if_for_the_first_time(
    worker: psycopg.Connection, mails: MailServer, make_sender: Callable[..., Sender], one_failed: list[int]
) -> None:
    page = ask("retry", *one_failed)
    assert "Retry 1 delivery" in page.content.decode() and deliveries(worker, ACME)[0][0] == "failed"

    assert confirm(page) == ["1 deliveries are tried again."]

    assert deliveries(worker, ACME)[0][:2] == ("waiting", 12) and deliveries(worker, ZETA)[0][0] == "failed"
    mails.answer_to = lambda recipient: "450 later"
    make_sender(mails, tries=2, first_wait_seconds=60.0).run_once()
    assert deliveries(worker, ACME)[0][:2] == ("waiting", 13), "it has tries left"


def test_what_waits_is_cancelled_and_heard_of(
    worker: psycopg.Connection, mails: MailServer, make_sender: Callable[..., Sender], one_failed: list[int]
) -> None:
    page = ask("cancel", *one_failed)
    assert "Cancel 2 deliveries" in page.content.decode() and deliveries(worker, ACME)[1][0] == "waiting"

    assert confirm(page) == ["2 deliveries are cancelled."]

    assert [state for state, _, _ in deliveries(worker, ACME)] == ["failed", "cancelled", "cancelled"]
    make_sender(mails).run_once()
    assert len(mails.mails) == 2, "zeta's"
    said = [event.data for event in heard(worker, ACME)]
    assert [(data["outcome"], data["reason"]) for data in said] == [("cancelled", "cancelled by ann")] * 2


def test_another_tenants_delivery_is_out_of_reach(worker: psycopg.Connection, one_failed: list[int]) -> None:
    before = deliveries(worker, ZETA)

    for action in ("retry", "cancel"):
        ask(action, *ids(ZETA), confirmed="yes")

    assert deliveries(worker, ZETA) == before


def test_the_api_tells_the_last_deliveries_of_a_lead(worker: psycopg.Connection) -> None:
    for tenant in (ACME, ZETA):
        sends(tenant)
        buy(worker, tenant, *range(22 if tenant == ACME else 1))
    found = {}
    for tenant in (ACME, ZETA):
        _, text = keys.issue(tenant, name="reader", scopes=["leads:read"])
        answer = Client().get("/api/v1/leads/1", headers={"authorization": f"Bearer {text}"})
        found[tenant] = answer.json()["deliveries"]

    assert (len(found[ACME]), len(found[ZETA])) == (20, 1)
    one = found[ZETA][0]
    assert (one["channel"], one["definition"], one["state"], one["attempts"], one["ended_at"]) == (
        "email", "thanks", "waiting", 0, None,
    )  # fmt: skip
