"""E-mail by SMTP, through one relay for all tenants."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from campaigns.language.addresses import Mailbox, read_mailbox
from campaigns.sender.channel import channel
from campaigns.sender.claims import Claimed
from campaigns.sender.conf import SMTP_SCHEMES, DeliveryConf
from campaigns.sender.deadline import Deadline
from campaigns.sender.hosts import addresses_of, own_name, tls
from campaigns.sender.results import Rejected, Result, Retry, Sent, said

CLOSING = 421  #: the server goes away, whatever it was asked


class _Connection(smtplib.SMTP):
    """To the relay, within a deadline."""

    def __init__(self, relay: SplitResult, deadline: Deadline) -> None:
        self.relay = relay
        self.deadline = deadline
        super().__init__(relay.hostname or "", relay.port or SMTP_SCHEMES[relay.scheme], own_name())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = self.deadline.connect(addresses_of(host, port))
        if self.relay.scheme != "smtps":
            return made
        return tls().wrap_socket(made, server_hostname=host)


@channel("email")
def send(one: Claimed, deadline: Deadline, conf: DeliveryConf) -> Result:
    """The relay takes the mail or says why not. Sent again, it has the same Message-ID."""
    try:
        message, sender, to = compose(one)
    except (ValueError, IndexError, KeyError, UnicodeError) as error:
        return Rejected("invalid", f"the mail cannot be written: {error}")
    try:
        return _hand_over(urlsplit(conf.smtp_url), deadline, message, sender, to)
    except (OSError, smtplib.SMTPException) as error:  # SMTPException is an OSError, but that is not promised
        return _went_wrong(error, deadline)


def _hand_over(relay: SplitResult, deadline: Deadline, message: EmailMessage, sender: str, to: str) -> Result:
    smtp = _Connection(relay, deadline)
    try:
        if relay.scheme == "smtp":
            smtp.starttls(context=tls())
        if relay.username:
            smtp.login(unquote(relay.username), unquote(relay.password or ""))
        smtp.send_message(message, sender, [to])
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()  # it has taken the mail, however it says good-bye
        return Sent()
    finally:
        smtp.close()


def compose(one: Claimed) -> tuple[EmailMessage, str, str]:
    """The mail and its envelope. Raises ValueError where a part cannot be in a header."""
    sender, to = _mailbox(one.body["from"]), _mailbox(_to(one.body))
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{one.key}@{_domain(sender)}>"
    message["Date"] = one.created_at
    message["From"] = _header(sender)
    message["To"] = _header(to)
    message["Subject"] = _uncoded(one.body["subject"])
    if one.body["reply_to"]:
        message["Reply-To"] = _header(_mailbox(one.body["reply_to"]))
    text, html = one.body["text"], one.body["html"]
    if text or not html:
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    return message, _plain(sender), _plain(to)


def _to(body: dict[str, Any]) -> str:
    """A mail to the lead says what rules care about; one to somebody else says just to whom."""
    found: str = body["asked"]["address"] if "asked" in body else body["to"]
    return found


def _mailbox(text: str) -> Mailbox:
    found = read_mailbox(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is no address")
    return found


def _domain(mailbox: Mailbox) -> str:
    return mailbox.address.rpartition("@")[2].encode("idna").decode()


def _plain(mailbox: Mailbox) -> str:
    return f"{mailbox.address.rpartition('@')[0]}@{_domain(mailbox)}"


def _header(mailbox: Mailbox) -> Address:
    return Address(_uncoded(mailbox.name), mailbox.address.rpartition("@")[0], _domain(mailbox))


def _uncoded(text: str) -> str:
    """The text with nothing in it that a header would take for an encoded word: such a word may hold a line break, and
    behind that a header of its own."""
    return text.replace("=?", "= ?")


def _went_wrong(error: Exception, deadline: Deadline) -> Result:
    if deadline.over or isinstance(error, TimeoutError):
        return Retry("timeout", "the mail server took too long")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _answered(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Retry("configuration", f"the mail server refuses to let us in: {said(error.smtp_error)}")
    if isinstance(error, smtplib.SMTPHeloError | smtplib.SMTPConnectError):
        return Retry("connect", f"the mail server does not take part: {said(error.smtp_error)}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if "SMTPUTF8" in str(error):
            return Rejected("rejected", f"the mail server takes no such address: {said(error)}")
        return Retry("configuration", said(error))
    return Retry("tls" if isinstance(error, ssl.SSLError) else "connect", said(error) or type(error).__name__)


def _answered(code: int, text: bytes | str) -> Result:
    """A 5 is about this mail, for good; a 4 is about this mail, for now, unless the server goes away."""
    reason = f"{code} {said(text)}"
    if code >= 500:
        return Rejected("rejected", reason, {"status": code})
    return Retry("rejected", reason, spares=code == CLOSING, answer={"status": code})
