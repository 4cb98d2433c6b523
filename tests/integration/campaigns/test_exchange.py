"""Campaigns as documents: out of one tenant and into another, by command, API and admin."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from campaigns import keys, operations
from campaigns.exchange.applying import apply, export, plan
from campaigns.exchange.file import open_file
from campaigns.exchange.reading import read, write_json, write_yaml
from campaigns.models import Campaign, FieldDefinition, StaticList
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, DOCUMENT, ZETA, canary, logged_in

pytestmark = pytest.mark.usefixtures("two_tenants")

CHANGED = {
    "triggers": [*DOCUMENT["triggers"], {"id": "asked", "type": "campaign_requested"}],
    "steps": [
        {"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 2}},
        {"id": "list", "action": "add_to_list", "params": {"list": "vips"}},
    ],
}


def run(command: str, *args: str) -> str:
    printed = io.StringIO()
    call_command(command, *args, stdout=printed)
    return printed.getvalue()


def write(folder: Path, document: Any = CHANGED, **parts: Any) -> str:
    file = {"format": "fairlane/campaign/1", "tenant": ACME, "key": "count", "name": canary(ACME)}
    path = folder / "campaign.yaml"
    path.write_text(write_yaml(file | {"document": document} | parts), encoding="utf-8")
    return str(path)


def stored(tenant: str, key: str = "count") -> Campaign:
    with tenant_context(tenant):
        return Campaign.objects.get(key=key)


# -- commands


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_export_applied_again_changes_nothing(form: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "count"
    run("export_campaign", ACME, "count", "--output", str(path), *form)

    assert run("plan_campaign", str(path)) == "Nothing would change in count.\n"
    run("apply_campaign", str(path), "--publish")
    assert (stored(ACME).draft, stored(ACME).live_version) == (DOCUMENT, 1)


def test_a_campaign_goes_from_one_tenant_to_another(tmp_path: Path) -> None:
    with tenant_context(ACME):
        campaign = Campaign.objects.create(tenant_id=ACME, key="fresh", name="Fresh", draft=CHANGED, position=3)
    path = tmp_path / "fresh.yaml"
    run("export_campaign", ACME, "fresh", "--output", str(path))

    said = run("apply_campaign", str(path), "--tenant", ZETA, "--publish", "--by", "zoe")

    assert "fresh was made. Version 1 is live." in said
    there = stored(ZETA, "fresh")
    assert (there.draft, there.name, there.position, there.status) == (CHANGED, "Fresh", 3, "active")
    with tenant_context(ZETA):
        assert there.versions.get().published_by == "zoe"
    assert stored(ACME, "fresh").status == campaign.status == "draft"


def test_a_plan_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    said = run("plan_campaign", write(tmp_path, name="Counted"))

    assert said.splitlines() == [
        '+ trigger asked: {"id": "asked", "type": "campaign_requested"}',
        "~ step count",
        "    params.by: 1 → 2",
        '+ step list: {"id": "list", "action": "add_to_list", "params": {"list": "vips"}}',
        "~ campaign name",
        f'    it: "{canary(ACME)}" → "Counted"',
    ]
    assert stored(ACME).draft == DOCUMENT


def test_applying_writes_the_draft_and_leaves_what_is_live(tmp_path: Path) -> None:
    assert "The draft of count is as the file says." in run("apply_campaign", write(tmp_path))

    assert (stored(ACME).draft, stored(ACME).live_version) == (CHANGED, 1)
    assert stored(ZETA).draft == DOCUMENT


def test_a_draft_with_faults_is_applied_but_with_publish_nothing_is_half_done(tmp_path: Path) -> None:
    path = write(tmp_path, CHANGED | {"steps": [{"id": "a", "action": "fly", "params": {}}]}, name="New name")

    with pytest.raises(CommandError, match=r"steps\[0\].action: unknown action 'fly'"):
        run("apply_campaign", path, "--publish")
    assert (stored(ACME).draft, stored(ACME).name) == (DOCUMENT, canary(ACME))
    assert "It could not be published:" in run("apply_campaign", path)
    assert stored(ACME).name == "New name"


def test_what_a_document_needs_and_is_not_there_is_named_at_once_and_nothing_is_applied(tmp_path: Path) -> None:
    with tenant_context(ACME):
        FieldDefinition.objects.create(tenant_id=ACME, key="shoe", label="Shoe", type="integer")
        StaticList.objects.create(tenant_id=ACME, key="feet", name="Feet")
        steps = [
            {"id": "a", "action": "change_field", "params": {"field": "shoe", "value": 1}},
            {"id": "b", "action": "add_to_list", "params": {"list": "feet"}},
        ]
        Campaign.objects.create(tenant_id=ACME, key="fresh", name="Fresh", draft=CHANGED | {"steps": steps})
    path = tmp_path / "fresh.yaml"
    run("export_campaign", ACME, "fresh", "--output", str(path))

    with pytest.raises(CommandError) as refused:
        run("apply_campaign", str(path), "--tenant", ZETA)

    assert "requires.fields.shoe: there is no field 'shoe' here; add one of type 'integer' first" in str(refused.value)
    assert "requires.lists[0]: there is no list 'feet' here; add it first" in str(refused.value)
    with tenant_context(ZETA):
        assert not Campaign.objects.filter(key="fresh").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "column 1: did not find expected"),
        ("a: &x [*x]", "anchors and aliases are not taken"),
        ("format: x", "key: expected text"),
        ("{}", "document: expected an object"),
    ],
)
def test_a_file_that_is_no_campaign_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)

    with pytest.raises(CommandError, match=message.replace("[", r"\[")):
        run("plan_campaign", str(path), "--tenant", ACME)


def test_tenants_and_campaigns_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no tenant 'nobody'"):
        run("plan_campaign", write(tmp_path, tenant="nobody"))
    with pytest.raises(CommandError, match="acme has no campaign nothing"):
        run("export_campaign", ACME, "nothing")
    with pytest.raises(CommandError, match="names no tenant"):
        run("plan_campaign", write(tmp_path, tenant=None))
    with pytest.raises(CommandError, match="key: Use up to 63"):
        run("apply_campaign", write(tmp_path, key="No Key"))


def test_an_archived_campaign_is_left_alone(tmp_path: Path) -> None:
    operations.archive(stored(ACME))

    with pytest.raises(CommandError, match="An archived campaign cannot be changed"):
        run("apply_campaign", write(tmp_path))


# -- the API


def client(tenant: str, *scopes: str) -> Client:
    _, text = keys.issue(tenant, name="ci", scopes=scopes or keys.SCOPES)
    return Client(headers={"authorization": f"Bearer {text}"})


URL = "/api/v1/campaigns/count/document"


def send(who: Client, method: str, url: str, body: bytes, kind: str = "application/json") -> Any:
    answer = getattr(who, method)(url, body, content_type=kind)
    assert answer.status_code < 500
    return answer


def test_the_api_gives_and_takes_documents() -> None:
    who = client(ACME)
    file = who.get(URL).json()
    assert (file["document"], list(file["requires"])) == (DOCUMENT, ["fields", "events"])
    assert read(who.get(URL + "?as=yaml").content) == file

    file["document"] = CHANGED
    planned = send(who, "post", URL + "/plan", json.dumps(file).encode()).json()
    assert [change["id"] for change in planned["changes"]] == ["asked", "count", "list"]
    assert stored(ACME).draft == DOCUMENT
    done = send(who, "put", URL + "?publish=true", write_yaml(file).encode(), "application/yaml")

    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert stored(ACME).draft == CHANGED
    assert stored(ZETA).draft == DOCUMENT
    with tenant_context(ACME):
        assert stored(ACME).versions.first().published_by == "API key ci"


def test_the_api_makes_a_campaign() -> None:
    file = client(ACME).get(URL).json() | {"key": "fresh"}

    assert send(client(ZETA), "put", URL.replace("count", "fresh"), json.dumps(file).encode()).status_code == 201
    assert stored(ZETA, "fresh").status == "draft"


def test_the_api_wants_the_scope() -> None:
    reader, sender = client(ACME, "campaigns:read"), client(ACME, "events:write")

    assert reader.get(URL).status_code == 200
    assert send(reader, "put", URL, b"{}").status_code == 403
    assert sender.get(URL).status_code == 403
    assert send(sender, "post", URL + "/plan", b"{}").status_code == 403
    assert Client().get(URL).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "empty"),
        (b"a: [", 400, "line"),
        (b"a: &a [*a]", 400, "aliases"),
        (b"{}", 422, "format"),
        (b"x" * 1_000_001, 413, "larger"),
        (b"\xff", 400, "UTF-8"),
    ],
)
def test_the_api_says_what_is_wrong_with_a_document(body: bytes, status: int, word: str) -> None:
    for method, url in (("put", URL), ("post", URL + "/plan")):
        answer = send(client(ACME), method, url, body)

        assert answer.status_code == status
        assert word in answer.content.decode()
    assert stored(ACME).draft == DOCUMENT


def test_the_api_does_not_take_the_document_of_another_campaign_nor_one_with_faults() -> None:
    file = client(ACME).get(URL).json()

    other = send(client(ACME), "put", "/api/v1/campaigns/other/document", json.dumps(file).encode())
    assert (other.status_code, other.json()["error"]) == (422, "refused")
    file["document"] = {"steps": []}
    refused = send(client(ACME), "put", URL + "?publish=true", json.dumps(file).encode())
    assert refused.status_code == 422
    assert [fault["path"] for fault in refused.json()["faults"]] == ["triggers", "steps"]
    assert client(ACME).get("/api/v1/campaigns/nothing/document").status_code == 404
    assert client(ACME).get(URL + "?as=xml").status_code == 400


# -- the admin


def test_the_admin_exports_and_shows_what_an_import_would_change_before_it_does_it() -> None:
    ann, page = logged_in("ann"), reverse("admin:campaigns_campaign_import")
    exported = ann.get(reverse("admin:campaigns_campaign_export", args=[stored(ACME).pk, "yaml"]))
    file = read(exported.content)
    assert exported["Content-Disposition"] == 'attachment; filename="count.yaml"'
    assert file["document"] == DOCUMENT
    upload = io.BytesIO(write_json(file | {"document": CHANGED}).encode())
    upload.name = "count.json"

    body = ann.post(page, {"file": upload}).content.decode()

    assert "~ step count" in body
    assert stored(ACME).draft == DOCUMENT
    text = write_yaml(file | {"document": CHANGED})
    body = ann.post(page, {"text": text, "publish": "1"}, follow=True).content.decode()
    assert "was imported. Version 2 is live." in body
    assert (stored(ACME).draft, stored(ZETA).draft) == (CHANGED, DOCUMENT)
    assert "Import…" in ann.get(reverse("admin:campaigns_campaign_changelist")).content.decode()


def test_the_admin_says_what_is_wrong_with_an_import() -> None:
    ann, page = logged_in("ann"), reverse("admin:campaigns_campaign_import")

    assert "Choose a file" in ann.post(page, {}).content.decode()
    assert "line 1, column 4" in ann.post(page, {"text": "a: &x [*x]", "apply": "1"}).content.decode()
    other = reverse("admin:campaigns_campaign_export", args=[stored(ZETA).pk, "yaml"])
    assert ann.get(other).status_code == 404


def test_exporting_and_applying_keep_tenants_apart() -> None:
    file = export(ACME, "count")
    assert canary(ZETA) not in str(file)
    opened, faults = open_file({"format": file.format, "key": "count", "name": "N", "document": CHANGED})
    assert opened is not None
    assert faults == []

    assert plan(ZETA, opened).exists
    apply(ZETA, opened, by="zoe")

    assert (stored(ACME).draft, stored(ZETA).draft) == (DOCUMENT, CHANGED)
