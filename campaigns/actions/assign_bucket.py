"""Give the lead its bucket in an experiment."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp
from campaigns.language.parameters import Key, WholeNumber

MOST_BUCKETS = 10_000


class AssignBucketParams(msgspec.Struct, frozen=True):
    """The experiment, and how many buckets it has."""

    namespace: Annotated[str, Key("The experiment; leads are dealt out anew for each")]
    size: Annotated[int, WholeNumber("How many buckets", 2, MOST_BUCKETS)]


@action(
    "assign_bucket",
    label="Assign a bucket",
    logs="assign_bucket",
    params=AssignBucketParams,
    records=["bucket"],
    writes=["record:bucket:{namespace}"],
)
def assign_bucket(lead: LeadState, params: AssignBucketParams, context: Context) -> list[Effect] | NoOp | Failed:
    """The lead has a bucket from 0 on, the same for ever, whoever asks."""
    old = lead.records.get(("bucket", params.namespace))
    if old is not None and old["size"] == params.size:
        return NoOp()
    if old is not None:
        return Failed(f"{params.namespace} has {old['size']} buckets; use a new namespace for another number")
    new = {"bucket": bucket_of(lead.tenant, params.namespace, lead.key, params.size), "size": params.size}
    return [PutRecord("bucket", params.namespace, new)]


def bucket_of(tenant: str, namespace: str, lead: str, size: int) -> int:
    """Evenly and for ever: a hash of all three, independent of every other namespace."""
    text = f"bucket|{tenant}|{namespace}|{lead}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % size
