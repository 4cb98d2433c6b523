"""Senders are killed at each step of a delivery, and another one takes over: nothing is lost, and what may have been
sent twice has the same name both times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.campaigns.world import ACME
from tests.integration.sender.mailing import buy, calls, deliveries, heard, make_due, sends, wait_for
from tests.outside import MailServer, WebService

ROOT = Path(__file__).resolve().parents[3]


class Process:
    """`manage.py deliver`, to be killed."""

    def __init__(self, mails: MailServer) -> None:
        told = {
            "SMTP_URL": mails.url,
            "FAIRLANE_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "FAIRLANE_DELIVERY_WAIT_SECONDS": "0",
        }
        self.popen = subprocess.Popen([sys.executable, "manage.py", "deliver"], cwd=ROOT, env={**os.environ, **told})

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(60)

    def end(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(60)


@pytest.fixture
def process(mails: MailServer) -> Iterator[Process]:
    made = Process(mails)
    yield made
    made.kill()


@pytest.fixture
def next_process(mails: MailServer) -> Iterator[list[Process]]:
    made: list[Process] = []
    yield made
    for one in made:
        one.kill()


class Gate:
    """Stops a server at a point, once; whoever comes later passes."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, *_: object) -> str:
        if not self.reached.is_set():
            self.reached.set()
            self.opened.wait(60)
        return "250 taken"


def taken_over(worker: psycopg.Connection, mails: MailServer, others: list[Process]) -> None:
    """The claim runs out and another sender does the rest."""
    assert deliveries(worker, ACME) == [("sending", 1, "")]
    make_due(worker)
    others.append(Process(mails))
    wait_for(lambda: deliveries(worker, ACME) == [("sent", 2, "")])


def test_killed_before_it_sent_it_is_sent_once(
    worker: psycopg.Connection, mails: MailServer, process: Process, next_process: list[Process]
) -> None:
    sends(ACME)
    mails.greet = gate = Gate()
    buy(worker, ACME, 7)
    assert gate.reached.wait(60)

    process.kill()
    gate.opened.set()
    taken_over(worker, mails, next_process)

    assert len(mails.mails) == 1 and len(heard(worker, ACME)) == 1


def test_killed_before_the_server_answered_it_is_sent_again_under_the_same_name(
    worker: psycopg.Connection, mails: MailServer, process: Process, next_process: list[Process]
) -> None:
    sends(ACME)
    mails.answer_mail = gate = Gate()
    buy(worker, ACME, 7)
    assert gate.reached.wait(60)

    process.kill()
    gate.opened.set()
    taken_over(worker, mails, next_process)

    first, second = mails.mails
    assert first["Message-ID"] == second["Message-ID"] and first.as_bytes() == second.as_bytes()
    assert [event.data["attempts"] for event in heard(worker, ACME)] == [2]


def test_killed_between_the_answer_and_the_mark_it_is_sent_again_under_the_same_name(
    worker: psycopg.Connection, mails: MailServer, process: Process, next_process: list[Process]
) -> None:
    sends(ACME)
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"]) as other:

        def take_and_lock(_: object) -> str:
            if len(mails.mails) == 1:
                other.execute("SELECT FROM campaigns_delivery FOR UPDATE")
            return "250 taken"

        mails.answer_mail = take_and_lock
        buy(worker, ACME, 7)
        waits = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        wait_for(lambda: worker.execute(waits).fetchone() == (1,))

        process.kill()
        other.rollback()

    taken_over(worker, mails, next_process)

    first, second = mails.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert [event.data["attempts"] for event in heard(worker, ACME)] == [2]


def test_a_request_that_may_have_been_made_is_made_again_under_the_same_key(
    worker: psycopg.Connection, mails: MailServer, web: WebService, process: Process, next_process: list[Process]
) -> None:
    calls(ACME, web.url())
    gate = Gate()

    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        gate()
        return 200, {}, b"{}"

    web.answer = answer
    buy(worker, ACME, 7)
    assert gate.reached.wait(60)

    process.kill()
    gate.opened.set()
    taken_over(worker, mails, next_process)

    first, second = web.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] and first.body == second.body


def test_told_to_end_it_finishes_what_it_began(worker: psycopg.Connection, mails: MailServer, process: Process) -> None:
    sends(ACME)
    mails.answer_mail = gate = Gate()
    buy(worker, ACME, 7)
    assert gate.reached.wait(60)

    threading.Timer(0.3, gate.opened.set).start()
    assert process.end() == 0

    assert deliveries(worker, ACME) == [("sent", 1, "")] and len(mails.mails) == 1


def test_a_claim_that_ran_out_is_settled_by_the_sender_that_took_it_over(
    worker: psycopg.Connection, mails: MailServer, process: Process, next_process: list[Process]
) -> None:
    """The first one was only slow. What it says then is not heard: another has said it."""
    sends(ACME)
    mails.answer_mail = gate = Gate()
    buy(worker, ACME, 7)
    assert gate.reached.wait(60)

    taken_over(worker, mails, next_process)
    gate.opened.set()
    assert process.end() == 0

    assert deliveries(worker, ACME) == [("sent", 2, "")]
    assert [event.data["attempts"] for event in heard(worker, ACME)] == [2]
