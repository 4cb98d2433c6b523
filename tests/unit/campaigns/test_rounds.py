"""Turns of maintenance: who has much to do makes nobody wait."""

from __future__ import annotations

import time

from campaigns.rounds import Taken, tell_in_shares

AT_ONCE, SHARE = 4, 2


class Due:
    """What is due of each tenant, the oldest first; of some tenants nobody takes anything."""

    def __init__(self, *tenants: str, shut: str = "") -> None:
        self.waiting = list(tenants)
        self.shut = shut
        self.told: list[str] = []

    def take(self, had: list[str]) -> Taken:
        of = [tenant for tenant in self.waiting if tenant not in had][:AT_ONCE]
        told = [tenant for tenant in of if tenant != self.shut]
        for tenant in told:
            self.waiting.remove(tenant)
        self.told += told
        return Taken(of, len(told), {self.shut} & set(of))


def tell(due: Due, seconds: float = 60) -> int:
    return tell_in_shares(due.take, AT_ONCE, SHARE, time.monotonic() + seconds)


def test_all_that_is_due_is_told() -> None:
    due = Due(*["acme"] * 9, "zeta")
    assert (tell(due), due.waiting) == (10, [])
    assert tell(Due()) == 0


def test_nobodys_many_make_another_wait_longer_than_a_transaction() -> None:
    due = Due(*["acme"] * 9, "zeta")
    tell(due)
    assert due.told.index("zeta") == AT_ONCE


def test_whose_lanes_are_full_are_asked_once_and_hold_up_nobody() -> None:
    due = Due(*["acme"] * 9, *["zeta"] * 3, shut="acme")
    assert tell(due) == 3
    assert due.waiting == ["acme"] * 9


def test_when_the_time_is_over_the_rest_comes_later() -> None:
    due = Due(*["acme"] * 30)
    assert 0 < tell(due, seconds=-1) < 30
