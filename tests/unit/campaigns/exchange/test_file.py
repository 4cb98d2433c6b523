from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.exchange.file import FORMAT, CampaignFile, open_file
from campaigns.exchange.reading import read, write_json, write_yaml
from campaigns.language.priority import PLACES
from tests.unit.campaigns.exchange.test_reading import TEXTS, VALUES

GOOD: dict[str, Any] = {"format": FORMAT, "key": "welcome", "name": "Welcome", "document": {}}
NAMES = TEXTS.filter(lambda text: text.isprintable() and text.strip())


PRIORITIES = st.sampled_from(list(PLACES))


@given(NAMES, NAMES, st.integers(-(2**31) + 1, 2**31 - 1), PRIORITIES, st.dictionaries(NAMES, VALUES, max_size=3))
def test_a_campaign_comes_back_as_it_went(
    key: str, name: str, position: int, priority: str, document: dict[str, Any]
) -> None:
    file = CampaignFile(FORMAT, key, name, document, position, priority, "acme", {"lists": ["a"]})

    for write in (write_yaml, write_json):
        back, faults = open_file(read(write(msgspec.to_builtins(file)).encode()))
        if not faults:  # what cannot be stored, such as NUL, is no campaign
            assert back == file


def test_a_campaign_with_little_in_it_is_read() -> None:
    assert open_file(GOOD) == (CampaignFile(FORMAT, "welcome", "Welcome", {}), [])


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ([], [": expected an object with format, tenant, key, name, position, priority, document, requires; got"]),
        ({}, ["format", "key", "name", "document"]),
        (GOOD | {"format": "f/9", "postion": 1}, ["postion: has no meaning here; did", "format: expected"]),
        (GOOD | {"key": 7, "name": " ", "tenant": 1}, ["key: expected text", "name: expected", "tenant: expected"]),
        (GOOD | {"position": True}, ["position: expected a whole number, got true"]),
        (GOOD | {"position": 2**31}, ["position: expected a whole number"]),
        (GOOD | {"document": [], "requires": []}, ["document: expected an object", "requires: expected an object"]),
        (GOOD | {"document": {"a": "\x00"}}, ["document.a: "]),
    ],
)  # fmt: skip
def test_every_fault_of_the_frame_is_named_at_once(value: Any, faults: list[str]) -> None:
    file, found = open_file(value)

    assert file is None
    said = [f"{fault.path}: {fault.message}" for fault in found]
    assert len(said) == len(faults)
    assert all(one.startswith(start) for one, start in zip(said, faults, strict=True)), said
