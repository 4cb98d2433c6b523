from __future__ import annotations

from campaigns.language.rulebook import Rulebook
from tests.unit.campaigns.acme import campaign, on, rulebook, step

SET = step("change_field", field="orders", value=1)


def heard(book: Rulebook, type: str, qualifier: str | None = None) -> list[str]:
    topic = book.by_event.get(type)
    return [campaign.key for campaign, _ in topic.subscribers(qualifier)] if topic else []


def test_campaigns_are_found_by_the_type_of_event() -> None:
    book = rulebook(campaign(SET), campaign(SET, on=on("signup")), campaign(SET))

    assert heard(book, "purchase") == ["c1", "c3"]
    assert heard(book, "signup") == ["c2"]
    assert heard(book, "page_view") == []


def test_changes_are_found_by_field_tag_and_list() -> None:
    book = rulebook(
        campaign(SET, on={"type": "field_changed", "field": "stage"}),
        campaign(SET, on={"type": "tag_added"}),
        campaign(SET, on={"type": "tag_added", "tag": "hot"}),
        campaign(SET, on={"type": "list_joined", "list": "vips"}),
    )

    assert heard(book, "field.changed", "stage") == ["c1"]
    assert heard(book, "field.changed", "orders") == []
    assert heard(book, "tag.added", "hot") == ["c2", "c3"]
    assert heard(book, "tag.added", "cold") == ["c2"]
    assert heard(book, "list.joined", "news") == []


def test_a_campaign_with_two_triggers_on_one_type_is_found_once() -> None:
    document = campaign(SET, on={"type": "tag_added"})
    document["triggers"].append({"type": "tag_added", "tag": "hot"})

    assert heard(rulebook(document), "tag.added", "hot") == ["c1"]


def test_the_rulebook_knows_which_campaigns_can_be_requested() -> None:
    requested = campaign(SET, on={"type": "campaign_requested"})

    assert rulebook(campaign(SET), welcome=requested).requestable == {"welcome"}
