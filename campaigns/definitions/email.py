"""E-mails: what is sent, as templates."""

from __future__ import annotations

import msgspec

from campaigns.language.addresses import read_mailbox
from campaigns.language.definition import definition
from campaigns.language.faults import Fault
from campaigns.language.templates import LENGTH_LIMIT, is_template


def _check(email: Email) -> list[Fault]:
    faults = [] if email.subject.strip() else [Fault("subject", "write one")]
    if not (email.text.strip() or email.html.strip()):
        faults.append(Fault("text", "write a text, or html, or both"))
    for name, value in (("from", email.sender), ("reply_to", email.reply_to)):
        if not is_template(value) and (value or name == "from") and read_mailbox(value) is None:
            faults.append(Fault(name, "expected an address, such as Ann of Acme <ann@acme.test>"))
    long = [name for name, value in email.parts().items() if len(value) > LENGTH_LIMIT]
    return faults + [Fault(name, f"at most {LENGTH_LIMIT:,} characters are allowed") for name in long]


@definition("email", label="E-mail", check=_check)
class Email(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Subject, text and html with tokens in them, from whom, and whether it may be sent."""

    subject: str
    sender: str = msgspec.field(name="from")
    text: str = ""
    html: str = ""
    reply_to: str = ""
    approved: bool = False

    def parts(self) -> dict[str, str]:
        """Its templates by their names."""
        return {
            "subject": self.subject,
            "from": self.sender,
            "reply_to": self.reply_to,
            "text": self.text,
            "html": self.html,
        }
