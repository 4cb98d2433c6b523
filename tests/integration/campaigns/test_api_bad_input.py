"""Whatever is sent, the answer is below 500, and of what is refused nothing is kept."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from campaigns.api.events import EventsView
from tests.integration.campaigns.shops import Shop, open_shop

NDJSON = "application/x-ndjson"
DEEP = 100_000
GOOD = b'{"id":"good","lead":"ann","type":"note"}'

#: Bytes in the place of a JSON value. Each is refused wherever it stands.
KILLERS = {
    "nul_escaped": b'"a\\u0000b"',
    "nul_raw": b'"a\x00b"',
    "nul_in_name": b'{"a\\u0000":1}',
    "high_surrogate": b'"\\ud800 and more"',
    "low_surrogate": b'"\\udc00 and more"',
    "surrogates_reversed": b'"\\udc00\\ud800"',
    "surrogate_in_name": b'{"\\ud800 and more":1}',
    "surrogate_raw": b'"\xed\xa0\x80"',
    "latin_1": b'"M\xfcller"',
    "overlong": b'"\xc0\x80"',
    "too_high": b'"\xf5\x80\x80\x80"',
    "control_raw": b'"a\nb\x01"',
    "bad_escape": b'"\\x41"',
    "short_escape": b'"\\u12"',
    "nan": b"NaN",
    "infinity": b"Infinity",
    "minus_infinity": b"-Infinity",
    "1e999": b"1e999",
    "minus_1e999": b"-1e999",
    "1e_huge": b"1e99999999999999999999",
    "1e_minus_huge": b"1e-99999999999999999999",
    "integer_5000": b"9" * 5000,
    "integer_4000": b"9" * 4000,
    "integer_20": b"9" * 20,
    "decimal_5000": b"0." + b"1" * 5000,
    "leading_zero": b"007",
    "plus": b"+1",
    "point": b".5",
    "hex": b"0x10",
    "lists_deep": b"[" * DEEP + b"]" * DEEP,
    "lists_open": b"[" * DEEP,
    "objects_deep": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "objects_900": b'{"a":' * 900 + b"1" + b"}" * 900,
    "lists_30": b"[" * 30 + b"]" * 30,
    "repeated_name": b'{"a":1,"a":2}',
    "repeated_name_escaped": b'{"a":1,"\\u0061":2}',
    "repeated_name_within": b'[{"b":{"a":1,"b":[{"a":1,"a":1}]}}]',
    "unquoted": b"{a:1}",
    "single_quotes": b"{'a':1}",
    "trailing_comma": b"[1,]",
    "comment": b"1/*x*/",
    "two_values": b"1 2",
    "cut_string": b'"abc',
    "cut_object": b'{"a":',
    "nothing": b"",
    "large_text": b'"' + b"x" * 70_000 + b'"',
}

#: Refused as an id, a lead's key, a type, a time and as data; harmless inside the data of an open event.
WRONG_TYPES = {
    "number": b"1",
    "float": b"1.5",
    "true": b"true",
    "list": b"[]",
    "list_of_text": b'["a"]',
    "empty_text": b'""',
    "blank": b'"   "',
    "long": b'"' + b"x" * 256 + b'"',
    "control": b'"a\\u0007b"',
    "line_end": b'"a\\nb"',
    "c1_control": b'"a\\u0085b"',
}

#: Where a killer is put.
PLACES = {
    "body": b"%s",
    "element": b"[%s]",
    "events": b'{"events":[%s]}',
    "events_itself": b'{"events":%s}',
    "id": b'{"id":%s,"lead":"a","type":"note"}',
    "lead": b'{"lead":%s,"type":"note"}',
    "type": b'{"lead":"a","type":%s}',
    "occurred_at": b'{"lead":"a","type":"note","occurred_at":%s}',
    "data": b'{"lead":"a","type":"note","data":%s}',
    "undeclared": b'{"lead":"a","type":"note","data":{"x":%s}}',
    "declared": b'{"lead":"a","type":"purchase","data":{"amount":%s}}',
    "unknown_key": b'{"lead":"a","type":"note","x":%s}',
}


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


def assert_refused(answer: Any, what: str) -> None:
    assert answer.status_code in (400, 413, 415, 422), f"{what}: {answer.status_code} {answer.content[:300]!r}"
    content = json.loads(answer.content)
    assert content["error"], what
    assert content["message"], what


@pytest.mark.parametrize("place", PLACES)
def test_no_killer_is_accepted_anywhere(whale: Shop, minnow: Shop, place: str) -> None:
    for name, killer in KILLERS.items():
        assert_refused(whale.post(PLACES[place].replace(b"%s", killer)), f"{name} as {place}")

    assert whale.waiting() == minnow.waiting() == []


@pytest.mark.parametrize("place", ["id", "lead", "type", "occurred_at", "data", "body", "element", "events_itself"])
def test_no_wrong_type_is_accepted(whale: Shop, place: str) -> None:
    for name, value in WRONG_TYPES.items():
        assert_refused(whale.post(PLACES[place].replace(b"%s", value)), f"{name} as {place}")

    assert whale.waiting() == []


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"body", "element", "events", "events_itself"}))
def test_a_killer_in_one_line_costs_only_that_line(whale: Shop, minnow: Shop, place: str) -> None:
    sent = 0
    for name, killer in KILLERS.items():
        if b"\n" in killer:
            continue
        line = PLACES[place].replace(b"%s", killer)

        answer = whale.post(GOOD + b"\n" + line + b"\n" + GOOD, NDJSON)

        content = json.loads(answer.content)
        assert answer.status_code == 202, f"{name} as {place}: {answer.content[:300]!r}"
        assert (content["accepted"], content["refused"]) == (2, 1), f"{name} as {place}"
        assert content["events"][1]["reasons"], f"{name} as {place}"
        sent += 2
    assert [event.id for event in whale.waiting()] == ["good"] * sent
    assert minnow.waiting() == []


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16",
     "application/json; charset=latin-1", "multipart/form-data; boundary=x", "application/json;;;charset", "\x00"],
)  # fmt: skip
def test_other_types_of_content_are_415(whale: Shop, content_type: str) -> None:
    answer = whale.post(GOOD, content_type)

    if content_type != "application/json;;;charset":
        assert answer.status_code == 415
        assert_refused(answer, content_type)
        assert whale.waiting() == []
    assert answer.status_code < 500


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp500"])
def test_other_charsets_are_refused(whale: Shop, encoding: str) -> None:
    body = '{"lead":"Müller","type":"note"}'.encode(encoding)

    assert_refused(whale.post(body), encoding)
    assert_refused(whale.post(body, NDJSON), encoding)
    assert whale.waiting() == []


def test_compressed_bodies_are_415(whale: Shop) -> None:
    assert_refused(whale.post(b"\x1f\x8b\x08", **{"content-encoding": "gzip"}), "gzip")


def test_a_body_of_10_mb_is_413_and_never_held(whale: Shop) -> None:
    line = b'{"lead":"a","type":"note"}\n'
    for body, content_type in ((b" " * 10_000_000, "application/json"), (line * 400_000, NDJSON)):
        answer = whale.post(body, content_type)

        assert answer.status_code == 413
        assert answer.json()["error"] == "body_too_large"
    assert whale.waiting() == []


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_of_a_body_that_broke_off_nothing_is_kept(whale: Shop, content_type: str) -> None:
    for cut in (b'[{"lead":"a","type":"note"},', GOOD + b"\n", GOOD + b"\n" + GOOD[:20]):
        request = post_with_length(whale, cut, len(cut) + 100, content_type=content_type)

        assert_refused(EventsView.as_view()(request), "cut")
    assert whale.waiting() == []


@pytest.mark.parametrize("broken", [b"", b"zz\r\n"])
def test_a_body_without_a_length_is_read_to_the_end_of_its_stream(whale: Shop, broken: bytes) -> None:
    class Chunked(io.BytesIO):
        def read(self, *limits: Any) -> bytes:
            if broken:
                raise ValueError("chunk")
            return super().read(*limits)

    request = post_with_length(whale, b"", "", Chunked(GOOD + b"\n" + GOOD), content_type=NDJSON)
    request.META["wsgi.input_terminated"] = True

    answer = EventsView.as_view()(request)

    assert answer.status_code == (400 if broken else 202)
    assert len(whale.waiting()) == (0 if broken else 2)


def test_a_connection_that_breaks_off_is_400(whale: Shop) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("gone")

    request = post_with_length(whale, b"", 100, Broken())

    assert_refused(EventsView.as_view()(request), "broken")


def post_with_length(
    shop: Shop,
    body: bytes,
    length: object,
    stream: io.BytesIO | None = None,
    content_type: str = "application/json",
) -> WSGIRequest:
    request = RequestFactory().post("/api/v1/events", content_type=content_type)
    environ = request.environ | {
        "wsgi.input": stream or io.BytesIO(body),
        "CONTENT_LENGTH": str(length),
        "HTTP_AUTHORIZATION": f"Bearer {shop.key}",
    }
    return WSGIRequest(environ)


@pytest.mark.parametrize("length", ["-1", "x", "", "9" * 30, "\x00"])
def test_a_forged_length_is_no_error_of_ours(whale: Shop, length: str) -> None:
    answer = EventsView.as_view()(post_with_length(whale, GOOD, length))

    assert answer.status_code < 500
    assert len(whale.waiting()) == (answer.status_code == 202)


def test_reasons_stay_short_whatever_is_sent(whale: Shop) -> None:
    data = {"n" * 2000 + str(number): 1 for number in range(25)}
    events = [{"lead": "a", "type": "purchase", "data": data, "x" * 5000: 1} for _ in range(40)]

    answer = whale.post(json.dumps(events).encode())

    assert answer.status_code == 422
    assert len(answer.content) < 40 * 2_500


def test_an_event_with_thousands_of_faults_is_refused_quickly(whale: Shop) -> None:
    events = [{"lead": "a", "type": "purchase", "data": {f"amoun{n}": 1 for n in range(3000)}}] * 20

    assert_refused(whale.post(json.dumps(events).encode()), "many faults")
