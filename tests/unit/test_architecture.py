"""The habits of CONTRIBUTING.md that a machine can check. Who may import whom is checked by lint-imports."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "campaigns", "settings")

FILE_LIMIT = 400  #: lines
FUNCTION_LIMIT = 50
FUNCTION_MEDIAN = 8

#: Names that say nothing of what is inside.
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}


def sources(*folders: str, ending: str = ".py") -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob(f"*{ending}"))]
    return [path for path in found if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def length(function: ast.FunctionDef) -> int:
    """Lines of the body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_too_long() -> None:
    files = [*sources(*PACKAGES, "tests"), *sources(*PACKAGES, ending=".lua"), *sources(*PACKAGES, ending=".sql")]
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > FILE_LIMIT} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": length(function)
        for path in sources(*PACKAGES)
        for function in functions(path)
    }
    assert statistics.median(lengths.values()) < FUNCTION_MEDIAN
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LIMIT} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path.name for path in sources(*PACKAGES) if path.stem in NAMELESS] == []


def test_only_ready_imports_inside_a_function() -> None:
    inside = {
        f"{path.relative_to(ROOT)}:{function.name}"
        for path in sources(*PACKAGES)
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and function.name != "ready"
    }
    assert inside == set()


def test_no_statement_is_written_in_python_on_the_hot_path() -> None:
    """SQL and Lua live in their own files."""
    hot = ["executor", "ledger", "outbox", "lanes", "control"]
    files = [ROOT / "engine" / f"{name}.py" for name in hot]
    files += [ROOT / "campaigns" / f"{name}.py" for name in ("handler", "leads", "activities", "rulebooks")]
    verbs = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "COPY ", "redis.call")
    for path in files:
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert [text for text in texts if text.startswith(verbs)] == [], path.name


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_owns(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(package)
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
