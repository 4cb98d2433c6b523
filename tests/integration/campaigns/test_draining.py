"""What senders are told while their tenant is being drained."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from campaigns import ingest
from campaigns.ingest import Accepted, Refused
from engine import control
from tests.integration.campaigns.shops import Shop, open_shop


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


def test_the_api_answers_503_and_says_what_to_keep(whale: Shop, minnow: Shop) -> None:
    events = [{"id": "1", "lead": "ada", "type": "purchase", "data": {"amount": "1"}}, {"id": "2", "lead": "ada"}]
    control.drain("whale")

    answers = {shop.tenant: shop.post(json.dumps(events).encode()) for shop in (whale, minnow)}

    assert (answers["whale"].status_code, answers["minnow"].status_code) == (503, 202)
    assert answers["whale"].headers["Retry-After"] == "30"
    told = json.loads(answers["whale"].content)
    assert (told["error"], told["accepted"], told["refused"]) == ("draining", 0, 2)
    assert [one.get("retry", False) for one in told["events"]] == [True, False]
    assert (whale.waiting(), len(minnow.waiting())) == ([], 1)
    control.resume("whale")
    assert whale.post(json.dumps(events).encode()).status_code == 202


def test_a_refused_event_is_good_and_welcome_later(whale: Shop, minnow: Shop) -> None:
    control.drain("whale")

    raw = [{"lead": "ada", "type": "purchase", "data": {"amount": "1"}}]
    (refused,) = ingest.accept("whale", raw, "api", datetime.now(UTC))
    (accepted,) = ingest.accept("minnow", raw, "api", datetime.now(UTC))

    assert isinstance(refused, Refused) and refused.retry and refused.closed
    assert refused.reasons == (ingest.DRAINING,)
    assert isinstance(accepted, Accepted)
