"""What a sender is told: settings.DELIVERIES, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SMTP_SCHEMES = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
PREFIX = "FAIRLANE_SECRET_"


@dataclass(frozen=True, kw_only=True)
class DeliveryConf:
    """Every setting with its default and unit."""

    smtp_url: str = ""  #: smtp:// (STARTTLS), smtps:// or smtp+plain://; empty: mails wait
    networks: tuple[str, ...] = ()  #: private networks that webhooks may call
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  #: FAIRLANE_SECRET_<TENANT>__<NAME>
    slots: int = 16  #: deliveries in work at once in one sender of one database
    seconds: float = 30.0  #: after which a delivery in work is broken off
    connect_seconds: float = 10.0  #: for each address
    hold_seconds: float = 90.0  #: a claim that is older belongs to a sender that died
    tries: int = 12
    first_wait_seconds: float = 5.0  #: before the second try; doubled with each
    longest_wait_seconds: float = 3600.0
    pause_seconds: float = 300.0  #: longest rest of a destination that does not answer
    keep_days: int = 8  #: of what was sent or cancelled; as long as the ledger, which knows its event
    keep_failed_days: int = 30

    def __post_init__(self) -> None:
        """Raises ImproperlyConfigured naming the first setting that cannot be."""
        if self.smtp_url and urlsplit(self.smtp_url).scheme not in SMTP_SCHEMES:
            raise ImproperlyConfigured(f"SMTP_URL must begin with one of {', '.join(SMTP_SCHEMES)} and ://")
        for name in ("slots", "seconds", "connect_seconds", "tries", "keep_days"):
            if getattr(self, name) <= 0:
                raise ImproperlyConfigured(f"DELIVERIES {name} must be more than 0, not {getattr(self, name)}")
        if self.hold_seconds < self.seconds + 1:
            raise ImproperlyConfigured("DELIVERIES hold_seconds must be longer than seconds, by what settling takes")
        try:
            self.private()
        except ValueError as error:
            raise ImproperlyConfigured(f"FAIRLANE_WEBHOOK_NETWORKS: {error}") from None

    def private(self) -> list[IPv4Network | IPv6Network]:
        """The networks as such. Raises ValueError."""
        return [ip_network(text) for text in self.networks]

    def secret(self, tenant: str, name: str) -> str | None:
        """A tenant's secret; a name of one tenant is never that of another, for it holds no double underscore."""
        return self.secrets.get(f"{PREFIX}{tenant.upper().replace('-', '_')}__{name}")


@cache
def conf() -> DeliveryConf:
    """The sender's settings."""
    return DeliveryConf(**settings.DELIVERIES)
