"""What is written into a mail's headers, whatever values tokens bring."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from campaigns.channels.email import compose
from campaigns.sender.claims import Claimed

CODED = ["=?utf-8?q?=0ABcc:_x@evil.test?=", "=?utf-8?b?CkJjYzogeEBldmlsLnRlc3Q=?=", "Hi =?utf-8?q?=0D=0A=0D=0A<b>?="]


def written(**more: str) -> bytes:
    body = {"from": "news@acme.test", "subject": "News", "reply_to": "", "text": "Hello", "html": ""}
    asked = {"asked": {"address": "ann@home.test"}}
    key = "0f0e0d0c-0000-4000-8000-000000000000"
    one = Claimed("acme", 1, key, 7, "L7", "email", "smtp", "news", 1, 0, 1, datetime.now(UTC), body | asked | more)
    return compose(one)[0].as_bytes()


@pytest.mark.parametrize("value", CODED)
@pytest.mark.parametrize("part", ["subject", "from", "reply_to"])
def test_a_value_that_decodes_to_a_line_break_makes_no_header(part: str, value: str) -> None:
    raw = written(**{part: value if part == "subject" else f"{value.replace('<b>', 'b')} <news@acme.test>"})
    _, _, text = raw.partition(b"\r\n\r\n")
    read = message_from_bytes(raw, policy=policy.SMTP)
    assert "bcc" not in read
    assert text.strip() == b"Hello"


def test_texts_of_all_letters_come_out_as_they_went_in() -> None:
    raw = written(subject="Grüße, 日本 = 1?", **{"from": 'Jörg, "Chef" <news@acme.test>'})
    read = message_from_bytes(raw, policy=policy.SMTP)
    assert read["subject"] == "Grüße, 日本 = 1?"
    assert read["from"].addresses[0].addr_spec == "news@acme.test"
