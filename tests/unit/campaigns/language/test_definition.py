"""Definitions: every fault is named, none is half-read."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.definitions import DEFINITIONS
from campaigns.language.definition import read_definition


@pytest.mark.parametrize(
    ("kind", "raw", "fault"),
    [
        ("programme", {}, "kind there is no kind of definition 'programme'"),
        ("program", {}, "Object missing required field"),
        ("program", {"statuses": []}, "statuses expected 1 to 50 statuses"),
        ("program", {"statuses": [{"key": "a"}, {"key": "a"}]}, "statuses 'a' is there twice"),
        ("program", {"statuses": [{"key": 7}]}, "statuses[0].key expected 'str', got 'int'"),
        ("program", {"statuses": [{"key": "a"}], "colour": "red"}, "unknown field"),
        ("nurture", {"streams": [{"key": "a", "pieces": -1}]}, "streams a number of pieces is 0 or more"),
        ("topic", {"channels": ["fax"]}, "channels there is no channel 'fax'"),
        ("goal", {"begins": "2026-05-01T00:00:00Z", "ends": "2026-04-01T00:00:00Z"}, "ends must be after begins"),
        ("goal", {"begins": "2026-05-01T00:00:00"}, "begins"),
        ("table", {"columns": ["a"], "rows": {"x": [1, 2]}}, "rows.x expected 1 values"),
        ("table", {"columns": ["a"], "rows": {"x": [1], " X": [2]}}, "two keys differ only in case"),
        ("object", {"fields": {"a": "colour"}}, "fields.a expected one of string, text"),
        ("object", {"fields": {}}, "fields expected 1 to 100 fields"),
        ("email", {"subject": " ", "from": "a@b.test", "text": "x"}, "subject write one"),
        ("email", {"subject": "x", "from": "a@b.test"}, "text write a text, or html, or both"),
        ("email", {"subject": "x", "from": "Ann", "text": "x"}, "from expected an address, such as"),
        ("email", {"subject": "x", "from": "a@b.test\nBcc: c@d.test", "text": "x"}, "from expected an address"),
        ("email", {"subject": "x", "from": "a@b.test", "text": "x", "reply_to": "b"}, "reply_to expected an address"),
        ("webhook", {"url": "ftp://a.test"}, "url expected an address without tokens that begins with https://"),
        ("webhook", {"url": "https://a.test/{{ lead.key }}"}, "url expected an address without tokens"),
        ("webhook", {"url": "https://u:p@a.test"}, "url must hold no name and no password"),
        ("webhook", {"url": "https://a.test:99999/"}, "url is no address of a web service"),
        ("webhook", {"url": "https://a.test", "method": "HEAD"}, "method expected one of POST"),
        ("webhook", {"url": "https://a.test", "timeout": 60}, "timeout expected 0.5 to 30.0 seconds"),
        ("webhook", {"url": "https://a.test", "expected": [99]}, "expected a status is a number"),
        ("webhook", {"url": "https://a.test", "sign": "key"}, "sign expected the name of a secret"),
        ("webhook", {"url": "https://a.test", "headers": {"Host": "b"}}, "headers.Host is set by Fairlane"),
        ("webhook", {"url": "https://a.test", "headers": {"X": "a\r\nY: b"}}, "headers.X takes ordinary characters"),
        ("webhook", {"url": "https://a.test", "headers": {"X Y": "a"}}, "headers.X Y is no name of a header"),
        ("webhook", {"url": "https://a.test", "headers": {"Authorization": "b"}}, "no document holds a secret"),
        ("webhook", {"url": "https://a.test", "headers": {"A": {"secret": "a__b"}}}, "a secret's name has upper-case"),
        ("webhook", {"url": "https://a.test", "response": {"status": "a"}}, "response.status expected a name"),
        ("webhook", {"url": "https://a.test", "response": {"a": "b..c"}}, "response.a expected where it is"),
        ("currency", {"rates": {}}, "rates expected 1 to 5,000"),
        ("currency", {"rates": {"2026-01-01": "0"}}, "rates.2026-01-01 a rate is above 0"),
        ("currency", {"rates": {"2026-01-01": "0.00000000001"}}, "at most 10 places"),
        ("currency", {"rates": {"2026-01-32": "1"}}, "rates"),
        ("purpose", {"text": "x" * 70_000}, "is larger than"),
        ("purpose", {"text": "\x00"}, "NUL"),
    ],
)
def test_what_is_wrong_is_said(kind: str, raw: Any, fault: str) -> None:
    spec, faults = read_definition(kind, raw)
    said = " | ".join(f"{one.path} {one.message}" for one in faults)
    assert spec is None
    assert fault.lower() in said.lower()


def test_each_kind_says_what_it_is() -> None:
    assert all(spec.label and spec.doc for spec in DEFINITIONS)
