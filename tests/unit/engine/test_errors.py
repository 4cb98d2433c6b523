"""The errors of the engine: what they say, and that they survive a trip between processes."""

from __future__ import annotations

import pickle

from engine.errors import BrokerDown, EngineError, LeaseLost, Retry


def test_the_docstring_is_the_message() -> None:
    assert str(LeaseLost()) == "The lease is not held any more; another worker has the lane."
    assert str(LeaseLost("t.acme.3")).endswith("has the lane: t.acme.3")


def test_errors_survive_pickling() -> None:
    for error in (BrokerDown("refused"), Retry(2.5, "later")):
        copy = pickle.loads(pickle.dumps(error))
        assert isinstance(copy, EngineError)
        assert (str(copy), vars(copy)) == (str(error), vars(error))
