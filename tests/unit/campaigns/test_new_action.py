"""manage.py new_action writes an action that works and a test that is green."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command

from campaigns.actions import ACTIONS

ROOT = Path(__file__).resolve().parents[3]


def write(into: Path, name: str, **options: str) -> tuple[Path, Path]:
    call_command("new_action", name, into=into, stdout=io.StringIO(), **options)
    return into / f"campaigns/actions/{name}.py", into / f"tests/unit/campaigns/actions/test_{name}.py"


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType(f"made.{path.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))
    return module


@pytest.mark.parametrize("name", ["send_gift", "send_a_rather_large_gift", "x" * 50])
def test_what_it_writes_works_and_is_tested(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIONS, "_entries", dict(ACTIONS._entries))  # forgotten after the test
    action, test = write(tmp_path, name)

    load(action, monkeypatch)
    checks = [check for title, check in vars(load(test, monkeypatch)).items() if title.startswith("test_")]

    assert ACTIONS.get(name) is not None
    assert len(checks) == 3
    for check in checks:
        check()


@pytest.mark.parametrize("name", ["send_gift", "send_a_rather_large_gift", "x" * 50])
def test_what_it_writes_is_as_the_linter_wants_it(name: str, tmp_path: Path) -> None:
    for path in write(tmp_path, name, label="Send a gift"):
        text = path.read_text(encoding="utf-8")
        for command in (["check", "--quiet"], ["format", "--diff", "--quiet"]):
            ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path.relative_to(tmp_path)), "-"]
            done = subprocess.run(ruff, input=text, capture_output=True, text=True, cwd=ROOT, check=False)
            assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SendGift", "expected up to 50 lower-case letters"),
        ("send__gift", "expected up to 50 lower-case letters"),
        ("../gift", "expected up to 50 lower-case letters"),
        ("x" * 51, "expected up to 50 lower-case letters"),
        ("import", "a word of Python's own"),
        ("change_field", "there is an action of that name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=message):
        write(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_label_that_would_break_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no quotes"):
        write(tmp_path, "send_gift", label='Send "it"')
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    _, test = write(tmp_path, "send_gift")
    (tmp_path / "campaigns/actions/send_gift.py").unlink()
    test.write_text("mine")

    with pytest.raises(CommandError, match="is there already"):
        write(tmp_path, "send_gift")

    assert test.read_text() == "mine"
    assert not (tmp_path / "campaigns/actions/send_gift.py").exists()
