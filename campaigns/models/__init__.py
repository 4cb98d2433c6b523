"""The tables of the product, one aggregate per file.

Every table but Membership carries its tenant and is under forced row-level security (isolation.sql beside the
migrations). Keys between tables include the tenant; Django cannot express such foreign keys, so they are
declared with db_constraint=False here and made in keys.sql.
"""

from __future__ import annotations

from campaigns.models.activity import Activity
from campaigns.models.api_key import ApiKey
from campaigns.models.batch import Batch, BatchMember
from campaigns.models.campaign import Campaign, CampaignVersion
from campaigns.models.company import Company
from campaigns.models.definition import Definition
from campaigns.models.delivery import Delivery
from campaigns.models.due import DuePlan, DueTime
from campaigns.models.erasure import Erasure, LegalHold
from campaigns.models.event_type import EventType
from campaigns.models.field_definition import FieldDefinition
from campaigns.models.lead import Lead
from campaigns.models.move import Move
from campaigns.models.owner import Owner
from campaigns.models.record import Record
from campaigns.models.run import ParkedRun, Tally
from campaigns.models.shared_record import SharedRecord
from campaigns.models.slot_bucket import SlotBucket
from campaigns.models.stage import Stage
from campaigns.models.static_list import ListMember, StaticList
from campaigns.models.tag import Tag
from campaigns.models.tenant import Membership, Tenant

__all__ = [
    "Activity",
    "ApiKey",
    "Batch",
    "BatchMember",
    "Campaign",
    "CampaignVersion",
    "Company",
    "Definition",
    "Delivery",
    "DuePlan",
    "DueTime",
    "Erasure",
    "EventType",
    "FieldDefinition",
    "Lead",
    "LegalHold",
    "ListMember",
    "Membership",
    "Move",
    "Owner",
    "ParkedRun",
    "Record",
    "SharedRecord",
    "SlotBucket",
    "Stage",
    "StaticList",
    "Tag",
    "Tally",
    "Tenant",
]
