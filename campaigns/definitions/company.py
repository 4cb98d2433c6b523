"""Companies: what is kept of those that leads belong to."""

from __future__ import annotations

from campaigns.definitions.object import Object, check_fields
from campaigns.language.definition import definition


@definition("company", label="Fields of companies", check=check_fields)
class Company(Object, frozen=True, forbid_unknown_fields=True):
    """Fields of companies with their types."""
