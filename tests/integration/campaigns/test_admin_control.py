"""The buttons of a tenant's page: who may press them, what is said before, what is done, to whom."""

from __future__ import annotations

import pytest
import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from campaigns.admin.tenant_control import VERBS
from engine import control, enqueue, status
from engine.abort import waiting
from engine.lanes import Lanes
from tests.events import events
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, MARKETERS, PASSWORD, ZETA, logged_in

pytestmark = pytest.mark.usefixtures("two_tenants")


@pytest.fixture
def root() -> Client:
    User.objects.create_superuser("root", password=PASSWORD)
    return logged_in("root")


def page(tenant: str, name: str = "change") -> str:
    return f"/admin/campaigns/tenant/{tenant}/{name}/"


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def press(client: Client, tenant: str, verb: str) -> str:
    """Returns the page one comes back to."""
    response = client.post(page(tenant, verb), follow=True)
    assert response.redirect_chain == [(page(tenant), 302)]
    return " ".join(response.content.decode().split())


@pytest.fixture
def backlog(two_tenants: None) -> None:
    for tenant in (ACME, ZETA):
        enqueue.push(events(tenant, "ada", 1200))


@pytest.mark.usefixtures("backlog")
def test_each_page_says_how_many_events_are_concerned(root: Client) -> None:
    before = waiting(ACME)
    assert before >= 1200

    for verb in VERBS:
        assert f"{before:,} events waiting, 0 of" in read(root, page(ACME, verb))
    assert f"{before:,} events will be thrown away" in read(root, page(ACME, "abort"))
    assert "thrown away</strong>" not in read(root, page(ACME, "pause"))
    assert waiting(ACME) == before


@pytest.mark.usefixtures("backlog")
def test_the_buttons_do_what_they_say_to_one_tenant(root: Client) -> None:
    before, others = waiting(ACME), waiting(ZETA)
    assert "paused" in press(root, ACME, "pause")
    assert (status.of(ACME).word, status.of(ZETA).word) == ("paused", "active")
    assert "draining" in press(root, ACME, "drain")
    assert status.of(ACME).word == "draining"
    press(root, ACME, "resume")
    assert status.of(ACME).word == "active"

    said = press(root, ACME, "abort")

    assert "Aborted by root on" in said and f"{before:,} events thrown away" in said
    assert (waiting(ACME), waiting(ZETA), status.of(ACME).generation) == (0, others, 1)
    assert [entry.change_message for entry in LogEntry.objects.order_by("id")] == ["Pause", "Drain", "Resume", "Abort"]


def test_only_what_can_be_done_now_is_offered(root: Client) -> None:
    def offered() -> set[str]:
        text = read(root, page(ACME))
        return {verb for verb in VERBS if f'href="../{verb}/"' in text}

    assert offered() == {"pause", "drain", "abort"}
    control.pause(ACME)
    assert offered() == {"resume", "drain", "abort"}


def test_marketers_may_not(root: Client) -> None:
    marketer = logged_in(MARKETERS[ACME])
    for verb in VERBS:
        assert marketer.get(page(ACME, verb)).status_code in (302, 403)
        assert marketer.post(page(ACME, verb)).status_code in (302, 403)

    assert (status.of(ACME).word, status.of(ACME).generation) == ("active", 0)


def test_a_tenant_that_does_not_exist_is_not_found(root: Client) -> None:
    assert root.get(page("shark", "abort")).status_code == 404


def test_the_rate_is_a_field_and_the_list_shows_it_with_the_state(root: Client) -> None:
    form = read_form(root.get(page(ACME)).content) | {"rate": ["2.5"]}
    assert root.post(page(ACME), form).status_code == 302
    control.pause(ZETA)

    listed = read(root, "/admin/campaigns/tenant/")

    assert (status.of(ACME).rate, status.of(ZETA).rate) == (2.5, 0)
    assert "2.5/s" in listed and ">paused</span>" in listed


def test_a_rate_that_cannot_be_is_said(root: Client) -> None:
    form = read_form(root.get(page(ACME)).content) | {"rate": ["0.0001"]}

    assert "0 for no limit, or 0.001 or more" in root.post(page(ACME), form).content.decode()
    assert status.of(ACME).rate == 0


def test_a_change_while_redis_is_away_is_stored_and_the_page_says_so(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "_run", unreachable)
        said = press(root, ACME, "pause")
        aborted = press(root, ACME, "abort")

    assert "A change is stored and acts later" in said
    assert "it broke off, or goes on" in aborted
    assert control.restore() >= 1
    assert not connection.in_atomic_block
    assert (status.of(ACME).word, status.of(ZETA).word) == ("paused", "active")
