"""Loads what campaigns are checked against and compiled from: many tenants, one statement, one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from sys import intern
from typing import Any

import msgspec
import psycopg

from campaigns.definitions import DEFINITIONS  # noqa: F401  so that every kind is known
from campaigns.language.campaigntags import tags_of
from campaigns.language.definition import Defined, read_definition
from campaigns.language.document import has_request_trigger
from campaigns.language.executing import executed_by
from campaigns.language.frozen import frozen
from campaigns.language.precedence import after_of
from campaigns.language.priority import HIGH
from campaigns.language.races import Entrant
from campaigns.language.rulebook import CampaignRow, Condition, Rulebook, compile_rulebook
from campaigns.language.schema import AttributeSpec, EventTypeSpec, FieldSpec, TenantSchema
from campaigns.language.urgency import urgent_events
from campaigns.language.walltime import DAYS
from campaigns.tenancy import connection_of
from engine.sql import load

QUERIES = load("campaigns.sql", "rulebook.sql")


class FieldSource(msgspec.Struct, array_like=True):
    key: str
    label: str
    type: str
    options: list[str]
    option_labels: dict[str, str] = {}

    def spec(self) -> FieldSpec:
        return FieldSpec(self.key, self.label, intern(self.type), _options(self.options), labels=self.option_labels)


class AttributeSource(msgspec.Struct):
    name: str
    type: str
    required: bool = False
    options: list[str] = []

    def spec(self) -> AttributeSpec:
        return AttributeSpec(self.name, intern(self.type), self.required, _options(self.options))


class EventTypeSource(msgspec.Struct, array_like=True):
    name: str
    label: str
    attributes: list[AttributeSource]
    open: bool

    def spec(self) -> EventTypeSpec:
        attributes = {attribute.name: attribute.spec() for attribute in self.attributes}
        return EventTypeSpec(self.name, self.label, attributes, self.open)


class OwnerSource(msgspec.Struct, array_like=True):
    id: int
    active: bool


class DefinitionSource(msgspec.Struct, array_like=True):
    kind: str
    key: str
    name: str
    spec: dict[str, Any]
    archived: bool

    def defined(self) -> Defined | None:
        """None where it does not fit its kind any more: what refers to it fails, and says so."""
        spec, faults = read_definition(self.kind, self.spec, stored=True)
        return None if faults else Defined(self.kind, self.key, self.name, spec, self.archived)


class CampaignSource(msgspec.Struct, array_like=True):
    """A campaign, with its live document unless it is a draft or archived."""

    id: int
    key: str
    name: str
    status: str
    position: int
    priority: str
    version: int | None
    document: dict[str, Any] | None
    pause_mode: str
    emptied_at: datetime | None
    older: dict[str, Any] | None = None  #: number -> document of the versions before that hold runs

    def row(self) -> CampaignRow:
        return CampaignRow(
            self.id, self.key, self.name, self.version or 0, self.position, self.document, self.priority
        )  # fmt: skip

    @property
    def is_out_of_order(self) -> bool:
        return self.status == "paused" or self.emptied_at is not None

    @property
    def condition(self) -> Condition:
        return Condition(self.pause_mode if self.status == "paused" else "", self.emptied_at)

    def older_rows(self) -> list[CampaignRow]:
        older = (self.older or {}).items()
        row = self.row()
        return [row._replace(version=int(number), document=document) for number, document in older]

    @property
    def is_urgent(self) -> bool:
        return self.status == "active" and self.priority == HIGH

    @property
    def is_requestable(self) -> bool:
        return self.status == "active" and has_request_trigger(self.document)


class TenantSource(msgspec.Struct):
    """A tenant's vocabulary and campaigns as they are stored."""

    timezone: str
    currency: str
    week_start: str
    fields: list[FieldSource]
    event_types: list[EventTypeSource]
    stages: list[str]
    tags: list[str]
    lists: dict[str, int]
    owners: dict[str, OwnerSource]  #: by e-mail address
    definitions: list[DefinitionSource]
    campaigns: list[CampaignSource]
    erased: bool = False  #: whether an erasure was ever asked for

    def schema(self, tenant: str) -> TenantSchema:
        """The vocabulary in the form that documents and events are checked against."""
        schema = self.vocabulary(tenant)
        urgent = [(campaign.key, campaign.document) for campaign in self.campaigns if campaign.is_urgent]
        return replace(schema, urgent=urgent_events(urgent, schema)) if urgent else schema

    def vocabulary(self, tenant: str) -> TenantSchema:
        """The same for those who accept no events: what is urgent is left out."""
        return TenantSchema.build(
            tenant,
            timezone=self.timezone,
            currency=self.currency,
            week_start=DAYS.index(self.week_start),
            fields=[field.spec() for field in self.fields],
            event_types={source.name: source.spec() for source in self.event_types},
            stages=tuple(self.stages),
            tags=frozen(self.tags),
            lists=self.lists,
            owners={email: owner.id for email, owner in self.owners.items()},
            inactive_owners=frozen(email for email, owner in self.owners.items() if not owner.active),
            definitions=self._definitions(),
            campaigns={campaign.key: campaign.status for campaign in self.campaigns},
            campaign_ids={campaign.key: campaign.id for campaign in self.campaigns},
            requestable=frozen(campaign.key for campaign in self.campaigns if campaign.is_requestable),
        )

    def executes(self) -> dict[str, frozenset[str]]:
        """Which campaigns the live ones execute: asked on publication only."""
        return {campaign.key: executed_by(campaign.document) for campaign in self.campaigns if campaign.document}

    def follows(self) -> dict[str, frozenset[str]]:
        """Which campaigns the live ones come after: asked on publication only."""
        return {campaign.key: after_of(campaign.document) for campaign in self.campaigns if campaign.document}

    def campaign_tags(self) -> frozenset[str]:
        """The tags of the live campaigns: asked on publication only."""
        return frozenset().union(*(tags_of(campaign.document) for campaign in self.campaigns))

    def entrants(self) -> list[Entrant]:
        """The live campaigns, to be compared with one that shall be."""
        live = [campaign for campaign in self.campaigns if campaign.document is not None]
        return [Entrant(one.id, one.key, one.name, one.position, one.document, one.priority) for one in live]

    def _definitions(self) -> dict[str, dict[str, Defined]]:
        found: dict[str, dict[str, Defined]] = {}
        for source in self.definitions:
            defined = source.defined()
            if defined is not None:
                found.setdefault(source.kind, {})[source.key] = defined
        return found

    def rulebook(self, tenant: str, version: int) -> Rulebook:
        """The running campaigns, compiled."""
        running = [campaign for campaign in self.campaigns if campaign.status in ("active", "paused")]
        older = [row for campaign in running for row in campaign.older_rows()]
        conditions = {campaign.id: campaign.condition for campaign in running if campaign.is_out_of_order}
        rows = [campaign.row() for campaign in running]
        book = compile_rulebook(self.vocabulary(tenant), version, rows, older, conditions)
        return msgspec.structs.replace(book, remembers_erased=True) if self.erased else book


_decoder = msgspec.json.Decoder(TenantSource)


def load_versions(connection: psycopg.Connection, tenants: Sequence[str]) -> dict[str, int]:
    """The rulebook version of each tenant that exists: what a kept rulebook is compared with."""
    return dict(connection.execute(QUERIES["select_rulebook_versions"], [list(tenants)]).fetchall())


def load_sources(connection: psycopg.Connection, tenants: Sequence[str]) -> dict[str, tuple[int, TenantSource]]:
    """The rulebook version and the stored form of each tenant that exists."""
    rows = connection.execute(QUERIES["select_rulebook_sources"], [list(tenants)]).fetchall()
    return {tenant: (version, _decoder.decode(source)) for tenant, version, source in rows}


def load_rulebooks(connection: psycopg.Connection, tenants: Sequence[str]) -> dict[str, Rulebook]:
    """The compiled running campaigns of each tenant that exists."""
    return {
        tenant: source.rulebook(tenant, version)
        for tenant, (version, source) in load_sources(connection, tenants).items()
    }


def source_of(tenant: str) -> TenantSource:
    """The stored form of one tenant, read on Django's connection. Needs the tenant's context."""
    return load_sources(connection_of(tenant), [tenant])[tenant][1]


def schema_of(tenant: str) -> TenantSchema:
    """The vocabulary of one tenant, read on Django's connection. Needs the tenant's context."""
    source = source_of(tenant)
    beside = {"executes": source.executes(), "follows": source.follows(), "campaign_tags": source.campaign_tags()}
    return replace(source.schema(tenant), **beside)


def _options(options: list[str]) -> frozenset[str] | None:
    """No options declared means that any text will do."""
    return frozenset(options) if options else None
