"""E-mail to people of the tenant: sent as other mail is, heard of by nobody's campaigns."""

from __future__ import annotations

from campaigns.channels.email import send
from campaigns.language.alerts import CHANNEL
from campaigns.sender.channel import channel

channel(CHANNEL)(send)
