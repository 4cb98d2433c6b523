from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from campaigns.exchange.layout import ORDER
from campaigns.exchange.reading import SIZE_LIMIT, UnreadableError, read, write_json, write_yaml
from campaigns.language.document import KEYS

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20) | st.sampled_from(
    [
        "no",
        "on",
        "1:30",
        "2026-04-01",
        "1e5",
        "0x1f",
        "007",
        "~",
        "null",
        "<<",
        "=",
        "- a",
        "a: b",
        "#",
        "\x85",
        "\ufeff",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_what_is_written_reads_as_the_same_value(value: Any) -> None:
    assert json.dumps(read(write_yaml(value).encode()), sort_keys=True) == json.dumps(value, sort_keys=True)


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_json_that_is_written_reads_as_the_same_value(value: Any) -> None:
    assert json.dumps(read(write_json(value).encode()), sort_keys=True) == json.dumps(value, sort_keys=True)


def test_every_part_of_a_document_has_its_place() -> None:
    assert set(KEYS) <= set(ORDER)
    assert list(read(write_json({"steps": [], "filter": {}, "triggers": []}).encode())) == [
        "triggers",
        "filter",
        "steps",
    ]


@given(st.lists(TEXTS, max_size=3))
def test_text_reads_as_the_same_text_by_another_reader_of_yaml(value: list[str]) -> None:
    assert yaml.safe_load(write_yaml(value)) == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2026-04-01", "2026-04-01"),
        ("1:30", "1:30"),
        ("0x1f", "0x1f"),
        ("007", "007"),
        ("<<", "<<"),
        (".inf", ".inf"),
        ("true", True),
        ("~", None),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("'12'", "12"),
    ],
)
def test_a_word_means_what_it_would_in_json(word: str, value: Any) -> None:
    assert read(f"a: {word}\n".encode()) == {"a": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: &x 1\nb: *x\n", "line 1, column 4: anchors and aliases are not taken"),
        (b"a: *x\n", "anchors and aliases are not taken"),
        (b"a: !!python/object/apply:os.system [echo]\n", "the tag tag:yaml.org,2002:python/object/apply:os.system"),
        (b"a: !!binary aGk=\n", "the tag tag:yaml.org,2002:binary is not taken"),
        (b"a: 1\na: 2\n", "line 2, column 1: the name 'a' is there twice"),
        (b"1: a\n", "a name is not text"),
        (b"? [a]\n: b\n", "a name is not text"),
        (b"a: 1\n---\nb: 2\n", "a second document begins"),
        (b"a: [1\n", "line 2, column 1"),
        (b"\tb: 1", "line 1"),
        (b'{"a": 1, "a": 2}', "an object has the name 'a' twice"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": }', "line 1, column 7"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a: \x01", "is no YAML"),
        (b"- " * 200 + b"x", "is nested more than 80 levels deep"),
        (b"a: " + b"[" * 5000, "is nested more than 80 levels deep"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "4300 digits"),
        (b"x" * (SIZE_LIMIT + 1), "is larger than 1000 kB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: bytes, message: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(text)

    assert message in str(refused.value)


def laughs() -> bytes:
    """Each name ten times the one before."""
    lines = ["a0: &a0 lol"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "text",
    [
        laughs(),
        b"a: " + b"{x: " * 100_000,
        b"- a\n" * 249_000,
        b"a: [" + b"1," * 400_000,
        b"? " * 300_000,
        b"!" * 900_000,
        b'"' + b"\\x41" * 200_000,
        b"&a " * 300_000,
        b"- - " * 200_000,
        b"a:\n" * 300_000,
    ],
    ids=["laughs", "maps", "items", "flow", "questions", "tags", "escapes", "anchors", "dashes", "names"],
)
def test_what_is_meant_to_harm_ends_within_two_seconds(text: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(UnreadableError):
        read(text)

    assert time.process_time() - began < 2
