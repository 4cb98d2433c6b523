"""Mails and requests leave after the commit, once, fairly, and say what came of them."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from campaigns import handler
from campaigns.housekeeping import forget_deliveries
from campaigns.models import Delivery
from campaigns.sender.loop import Sender
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, ZETA, canary
from tests.integration.sender.mailing import add_lead, buy, calls, deliveries, heard, make_due, sends, wait_for
from tests.outside import MailServer, Request, WebService

Make = Callable[..., Sender]


def test_a_mail_is_sent_once_and_heard_of(worker: psycopg.Connection, mails: MailServer, make_sender: Make) -> None:
    sends(ACME)
    buy(worker, ACME, 7)
    assert deliveries(worker, ACME) == [("waiting", 0, "")] and mails.mails == []

    assert make_sender(mails).run_once() == 1
    assert make_sender(mails).run_once() == 0

    (mail,) = mails.mails
    assert mail["To"] == f"{canary(ACME)}@example.test" and mail["From"] == "Shop <shop@shop.test>"
    assert mail["Subject"] == f"Hello {canary(ACME)}" and mail.get_content() == "You paid 7.\r\n"
    assert deliveries(worker, ACME) == [("sent", 1, "")] and deliveries(worker, ZETA) == []
    (event,) = heard(worker, ACME)
    key = mail["Message-ID"].strip("<>").partition("@")[0]
    assert (event.type, event.lead, event.source, event.depth) == ("message.sent", "1", "delivery", 1)
    assert event.data == {"channel": "email", "message": "thanks", "delivery": key, "attempts": 1}


def test_what_was_rolled_back_is_never_sent(worker: psycopg.Connection, mails: MailServer, make_sender: Make) -> None:
    sends(ACME)

    def fail_late(*bundle: Any) -> None:
        handler.handle(*bundle)
        raise ValueError("after the mail was written down")

    buy(worker, ACME, 7, handle=fail_late)

    assert make_sender(mails).run_once() == 0 and mails.mails == []


def test_the_same_event_executed_again_writes_no_second_mail(worker: psycopg.Connection) -> None:
    sends(ACME)
    buy(worker, ACME, 7)
    worker.execute("DELETE FROM engine_ledger")

    buy(worker, ACME, 7)

    assert len(deliveries(worker, ACME)) == 1


def test_a_webhook_is_called_and_its_answer_is_heard(
    worker: psycopg.Connection, web: WebService, make_sender: Make
) -> None:
    headers = {"Authorization": {"secret": "CRM_KEY", "prefix": "Bearer "}, "X-Team": "shop"}
    calls(
        ACME, web.url("/contacts?a=b"), headers=headers, body={"paid": "{{ event.amount }}"}, sign="CRM_KEY",
        response={"number": "contact.id", "gone": "contact.gone"},
    )  # fmt: skip
    web.answer = lambda request: (201, {}, b'{"contact": {"id": 77}}')
    buy(worker, ACME, 7)

    make_sender(secrets={"FAIRLANE_SECRET_ACME__CRM_KEY": "s3cret"}).run_once()

    (asked,) = web.requests
    assert (asked.method, asked.path, json.loads(asked.body)) == ("POST", "/contacts?a=b", {"paid": "7"})
    assert asked.headers["Authorization"] == "Bearer s3cret" and asked.headers["X-Team"] == "shop"
    assert asked.headers["Fairlane-Signature"].startswith("t=")
    (event,) = heard(worker, ACME)
    assert event.type == "webhook.called"
    assert event.data == {
        "webhook": "crm", "ok": True, "status": 201, "number": 77, "attempts": 1,
        "delivery": asked.headers["Idempotency-Key"],
    }  # fmt: skip
    stored = worker.execute("SELECT body::text, answer FROM campaigns_delivery").fetchone()
    assert stored is not None and "s3cret" not in stored[0]
    assert stored[1] == {"status": 201, "bytes": 23}


def test_no_tenant_gets_another_tenants_secret(worker: psycopg.Connection, web: WebService, make_sender: Make) -> None:
    headers = {"Authorization": {"secret": "CRM_KEY"}}
    for tenant in (ACME, ZETA):
        calls(tenant, web.url(f"/{tenant}"), headers=headers)
        buy(worker, tenant, 7)

    make_sender(secrets={"FAIRLANE_SECRET_ACME__CRM_KEY": "s3cret"}, tries=1).run_once()

    assert [(asked.path, asked.headers["Authorization"]) for asked in web.requests] == [("/acme", "s3cret")]
    assert deliveries(worker, ZETA) == [("failed", 1, "configuration")]


@pytest.mark.parametrize(
    ("status", "state", "error_type", "tries"),
    [(200, "sent", "", 1), (204, "sent", "", 1), (302, "failed", "status", 1), (404, "failed", "status", 1),
     (429, "failed", "status", 3), (500, "failed", "status", 3)],
)  # fmt: skip
def test_what_may_pass_is_tried_again_and_what_does_not_is_not(
    worker: psycopg.Connection, web: WebService, make_sender: Make, status: int, state: str, error_type: str, tries: int
) -> None:
    calls(ACME, web.url())
    web.answer = lambda request: (status, {"Location": web.url("/elsewhere")}, b"")
    buy(worker, ACME, 7)
    sender = make_sender(tries=3, pause_seconds=0.0)

    for _ in range(4):
        sender.run_once()
        make_due(worker)

    assert deliveries(worker, ACME) == [(state, tries, error_type)]
    assert len({asked.headers["Idempotency-Key"] for asked in web.requests}) == 1 and len(web.requests) == tries
    (event,) = heard(worker, ACME)
    assert (event.data["ok"], event.data["status"]) == (state == "sent", status)
    assert {asked.path for asked in web.requests} == {"/"}, "no redirect is followed"


def test_an_address_inside_the_house_is_refused(worker: psycopg.Connection, web: WebService, make_sender: Make) -> None:
    calls(ACME, web.url(host="localhost"))
    buy(worker, ACME, 7)

    make_sender(networks=()).run_once()

    assert web.requests == []
    assert deliveries(worker, ACME) == [("failed", 1, "refused_address")]


def test_an_endless_answer_is_read_no_further_than_its_limit(
    worker: psycopg.Connection, web: WebService, make_sender: Make
) -> None:
    calls(ACME, web.url(), response={"a": "a"})
    web.answer = lambda request: (200, {}, b'{"a": "' + b"x" * 200_000 + b'"}')
    buy(worker, ACME, 7)

    make_sender().run_once()

    (event,) = heard(worker, ACME)
    assert event.data["ok"] is True and "a" not in event.data


@pytest.mark.parametrize(
    ("answer", "state", "tries"),
    [("550 no such user", "failed", 1), ("450 greylisted", "sent", 2), ("421 too busy", "sent", 2)],
)
def test_a_mail_that_is_refused_for_good_fails_and_one_refused_for_now_does_not(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make, answer: str, state: str, tries: int
) -> None:
    sends(ACME)
    buy(worker, ACME, 7)
    answers = iter([answer])
    mails.answer_to = lambda recipient: next(answers, "250 ok")
    sender = make_sender(mails)

    for _ in range(3):
        sender.run_once()
        make_due(worker)

    assert deliveries(worker, ACME)[0][:2] == (state, tries)
    (event,) = heard(worker, ACME)
    if state == "failed":
        assert event.type == "message.failed" and event.data["reason"] == "550 no such user"
        assert event.data["outcome"] == "failed"


def test_a_relay_that_is_down_is_left_alone_and_takes_all_when_it_is_back(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    sends(ACME)
    buy(worker, ACME, *range(20))
    mails.stop()
    sender = make_sender(mails, tries=5, pause_seconds=60.0)
    now = 0.0
    sender.clock = lambda: now

    for _ in range(10):
        sender.run_once()
        make_due(worker)
    tried = sum(attempts for _, attempts, _ in deliveries(worker, ACME))
    assert tried <= 12 + 2, "it is asked by one at a time, and not at all after three failures"
    assert {state for state, _, _ in deliveries(worker, ACME)} == {"waiting"}

    back = MailServer(mails.port)
    now = 120.0
    for _ in range(10):
        sender.run_once()
        make_due(worker)
    back.stop()

    assert Counter(state for state, _, _ in deliveries(worker, ACME)) == {"sent": 20}
    assert len({mail["Message-ID"] for mail in back.mails}) == len(back.mails) == 20


def test_a_lead_that_says_no_meanwhile_gets_nothing(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    add_lead(ACME, "ann")
    sends(ACME, {"id": "mail", "action": "send_email", "params": {"email": "thanks"}})
    buy(worker, ACME, 7, lead="ann")
    worker.execute(
        "INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data)"
        " SELECT tenant_id, id, 'block', 'email', '{\"reason\": \"request\"}' FROM campaigns_lead WHERE key = 'ann'"
    )

    make_sender(mails).run_once()

    assert mails.mails == [] and deliveries(worker, ACME) == [("cancelled", 1, "policy")]
    (event,) = heard(worker, ACME)
    assert (event.type, event.data["outcome"]) == ("message.failed", "cancelled")
    assert event.data["reason"] == "policy: email is blocked (request)"


def test_a_slow_service_holds_up_nobody_else_and_is_broken_off(
    worker: psycopg.Connection, mails: MailServer, web: WebService, make_sender: Make
) -> None:
    calls(ACME, web.url(), timeout=1.0)
    sends(ZETA)
    buy(worker, ACME, *range(30))
    buy(worker, ZETA, 7)
    freed = threading.Event()

    def drip(request: Request) -> tuple[int, dict[str, str], bytes]:
        freed.wait(20)
        return 200, {}, b"{}"

    web.answer = drip
    sender = make_sender(mails, slots=4)
    begun = time.monotonic()
    sender.turn()
    wait_for(lambda: (sender.turn(), mails.mails)[1], seconds=5)
    assert time.monotonic() - begun < 1.0, "no slot of the slow one had to end first"
    assert sum(attempts for _, attempts, _ in deliveries(worker, ACME)) == 2, "half of the slots"

    wait_for(lambda: (sender.turn(), "timeout" in {kind for _, _, kind in deliveries(worker, ACME)})[1], seconds=5)
    assert time.monotonic() - begun < 4.0
    freed.set()


def test_a_tenant_with_thousands_of_mails_does_not_keep_another_waiting(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    for tenant in (ACME, ZETA):
        sends(tenant)
    buy(worker, ACME, *range(400))
    buy(worker, ZETA, *range(10))
    sender = make_sender(mails, slots=4)

    wait_for(lambda: (sender.turn(), {state for state, _, _ in deliveries(worker, ZETA)} == {"sent"})[1])

    sent = Counter(mail["To"] for mail in mails.mails)
    assert sent[f"{canary(ZETA)}@example.test"] == 10 and sent[f"{canary(ACME)}@example.test"] <= 30
    sender.finish()


def test_two_senders_send_each_mail_once(worker: psycopg.Connection, mails: MailServer, make_sender: Make) -> None:
    sends(ACME)
    buy(worker, ACME, *range(100))
    stop, senders = threading.Event(), [make_sender(mails), make_sender(mails)]
    threads = [threading.Thread(target=sender.run, args=(stop,)) for sender in senders]
    for thread in threads:
        thread.start()

    wait_for(lambda: Counter(state for state, _, _ in deliveries(worker, ACME)) == {"sent": 100})
    stop.set()
    for thread in threads:
        thread.join()

    assert len(mails.mails) == len({mail["Message-ID"] for mail in mails.mails}) == 100
    assert len(heard(worker, ACME)) == 100


def test_without_a_relay_mails_wait_and_requests_go(
    worker: psycopg.Connection, web: WebService, make_sender: Make
) -> None:
    sends(ACME)
    calls(ZETA, web.url())
    buy(worker, ACME, 7)
    buy(worker, ZETA, 7)

    make_sender().run_once()

    assert (deliveries(worker, ACME), deliveries(worker, ZETA)) == ([("waiting", 0, "")], [("sent", 1, "")])


def open_transactions(worker: psycopg.Connection) -> int:
    """Of other connections of ours. Who has a transaction holds its virtual number."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'virtualxid'"
        " AND pid <> pg_backend_pid() AND datname = current_database() AND usename LIKE 'fairlane%'"
    )
    return worker.execute(query).fetchone()[0]


def test_no_transaction_is_open_while_something_is_sent(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    sends(ACME)
    buy(worker, ACME, 7)
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("SELECT 1")
        assert open_transactions(worker) == 1, "it would be seen"
    ended: list[bool] = []
    mails.greet = lambda: ended.append(wait_for(lambda: open_transactions(worker) == 0, seconds=4))  # but for a look

    make_sender(mails).run_once()

    assert ended == [True] and len(mails.mails) == 1


def test_a_tenant_sees_its_own_deliveries_only(worker: psycopg.Connection) -> None:
    for tenant in (ACME, ZETA):
        sends(tenant)
        buy(worker, tenant, 7)
    with tenant_context(ACME):
        assert [one.tenant_id for one in Delivery.objects.all()] == [ACME]


def test_what_ended_long_ago_is_deleted_some_at_a_time(worker: psycopg.Connection) -> None:
    sends(ACME)
    buy(worker, ACME, *range(6))
    ended = "UPDATE campaigns_delivery SET state = %s, ended_at = now() - interval '9 days' WHERE id IN ({})"
    some = "SELECT id FROM campaigns_delivery WHERE state = 'waiting' ORDER BY id LIMIT {}"
    worker.execute(ended.format(some.format(4)), ["sent"])
    worker.execute(ended.format(some.format(1)), ["failed"])

    assert forget_deliveries(worker, batch=1, batches=3) == 3
    assert forget_deliveries(worker) == 1

    assert sorted(state for state, _, _ in deliveries(worker, ACME)) == ["failed", "waiting"]


def test_an_alert_is_sent_to_people_of_the_own_tenant_and_the_leads_campaigns_hear_nothing_of_it(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    for tenant in (ACME, ZETA):
        sends(
            tenant,
            {"id": "tell", "action": "send_alert", "params": {"email": "thanks", "to": [f"desk@{tenant}.test"]}},
            {
                "id": "user",
                "action": "send_to_user",
                "params": {"email": "thanks", "users": [f"{canary(tenant)}@example.test"]},
            },
        )
    worker.execute(
        "INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data)"
        " SELECT tenant_id, id, 'block', 'email', '{\"reason\": \"request\"}' FROM campaigns_lead WHERE key = '1'"
    )
    buy(worker, ACME, 7)
    mails.answer_to = lambda recipient: "550 who?" if recipient.endswith("@example.test") else "250 ok"

    make_sender(mails).run_once()

    (mail,) = mails.mails
    assert (mail["To"], mail["Subject"]) == ("desk@acme.test", f"Hello {canary(ACME)}")
    assert deliveries(worker, ACME) == [("sent", 1, ""), ("failed", 1, "rejected")]
    assert heard(worker, ACME) == [] and deliveries(worker, ZETA) == []
