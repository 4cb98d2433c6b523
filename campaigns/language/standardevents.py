"""Event types that every tenant has without declaring them: what websites, mail providers, apps and those who sell
report. They come in through the events API like a tenant's own, and take further attributes."""

from __future__ import annotations

from campaigns.language.eventtypes import AttributeSpec, EventTypeSpec, event_type

#: Where and on what a page, form or mail was seen.
_WHERE = ("device", "browser", "country")


def _standard(name: str, label: str, qualifier: str | None, **attributes: str) -> EventTypeSpec:
    """Attributes are name=type; a type that ends in ! is required."""
    specs = [AttributeSpec(key, kind.rstrip("!"), kind.endswith("!")) for key, kind in attributes.items()]
    return event_type(name, *specs, label=label, open=True, outside=True, qualifier=qualifier)


def _web(name: str, label: str, qualifier: str | None, **attributes: str) -> EventTypeSpec:
    """Something that happened on a website."""
    common = {"url": "string", "referrer": "string", **dict.fromkeys(_WHERE, "string")}
    return _standard(
        f"web.{name}", label, qualifier, **(attributes | {k: v for k, v in common.items() if k not in attributes})
    )


def _message(name: str, label: str, **attributes: str) -> EventTypeSpec:
    """What became of a message, as its provider reports it."""
    common = {"channel": "string!", "message": "string!", "campaign": "string", "delivery": "string"}
    return _standard(f"message.{name}", label, "message", **common, **attributes)


def _push(name: str, label: str, **attributes: str) -> EventTypeSpec:
    """What became of a push notification."""
    common = {"push": "string!", "app": "string", "platform": "string", "device": "string", "app_version": "string"}
    return _standard(f"push.{name}", label, "push", **common, **attributes)


def _app(name: str, label: str, **attributes: str) -> EventTypeSpec:
    """Something that happened in an app."""
    common = {"app": "string!", "platform": "string", "device": "string", "app_version": "string", "locale": "string"}
    return _standard(f"app.{name}", label, "app", **common, **attributes)


def _sales(name: str, label: str, **attributes: str) -> EventTypeSpec:
    """What became of a mail from a person who sells."""
    return _standard(f"sales.{name}", label, "owner", mail="string!", owner="string", **attributes)


STANDARD_EVENTS: tuple[EventTypeSpec, ...] = (
    _web(
        "page_visited", "Page visited", None, url="string!", page="string", title="string", search_engine="string",
        search_words="string", anonymous="boolean",
    ),
    _web("link_clicked", "Link on a page clicked", "link", link="string!", page="string"),
    _web("form_filled", "Form filled out", "form", form="string!", page="string"),
    _web("lead_ad_filled", "Form of an advertisement filled out", "form", form="string!", page="string", ad="string"),
    _web("video_watched", "Video watched", "video", video="string!", percent="decimal", seconds="integer"),
    _web("asset_downloaded", "Asset downloaded", "asset", asset="string!"),
    _web("content_requested", "Dynamic content requested", "slot", slot="string!"),
    _web("device_seen", "Visit with a device", "type", type="string!", brand="string", system="string"),
    _message("delivered", "Message delivered"),
    _message("bounced", "Message bounced", kind="string!", category="string", details="string"),
    _message("opened", "Message opened", device="string", bot="boolean"),
    _message("clicked", "Link in a message clicked", link="string", device="string", bot="boolean"),
    _message("replied", "Message replied to", text="string"),
    _message("unsubscribed", "Unsubscribed by a message", reason="string"),
    _message("marked_spam", "Message marked as spam"),
    _push("received", "Push notification received"),
    _push("tapped", "Push notification tapped"),
    _push("bounced", "Push notification bounced", reason="string"),
    _app("installed", "App installed", source="string"),
    _app("opened", "App opened"),
    _app("session_ended", "App used", seconds="integer"),
    _app("activity", "Activity in an app", action="string!", type="string", metric="decimal", seconds="integer"),
    _sales("mail_sent", "Sales mail sent"),
    _sales("mail_opened", "Sales mail opened"),
    _sales("mail_clicked", "Link in a sales mail clicked", link="string"),
    _sales("mail_replied", "Sales mail replied to"),
    _standard("lead.identified", "Anonymous visitor identified", "source", source="string!", activities="integer"),
)  # fmt: skip
