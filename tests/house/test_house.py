"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "training", "service")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BANNED_NAMES = {"utils", "helpers", "manager", "common", "misc", "data2"}
LONGEST_MODULE, LONGEST_FUNCTION = 400, 50


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_and_functions_are_short():
    long = [
        f"{relative(path)}: {what} has {n_lines} lines"
        for path in SOURCES
        for what, n_lines, most in _lengths(path)
        if n_lines > most
    ]
    assert not long


def _lengths(path: Path) -> list[tuple[str, int, int]]:
    lengths = [("the module", len(path.read_text().splitlines()), LONGEST_MODULE)]
    if "migrations" in path.parts:
        return lengths
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [line for line in node.body if not _is_docstring(line)] or node.body
            length = body[-1].end_lineno - body[0].lineno + 1
            lengths.append((node.name, length, LONGEST_FUNCTION))
    return lengths


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_names_say_what_a_module_is_for():
    assert [relative(path) for path in SOURCES if path.stem in BANNED_NAMES] == []


def test_the_vocabulary_has_no_synonyms():
    """Learner and module, never user and item, outside the lines that talk to `implicit`."""
    synonyms = [
        f"{relative(path)}: {name}"
        for path in SOURCES
        for node in nodes_of(path)
        for name in _names(node)
        if re.search(r"(^|_)(users?)(_|$)", name.lower())
    ]
    assert not synonyms


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return []


def test_importing_a_package_touches_neither_disk_nor_mlflow(tmp_path):
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.name not in {"__init__.py", "__main__.py"} and "migrations" not in path.parts
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print('mlflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
    assert list(tmp_path.iterdir()) == []


def test_what_not_every_worker_needs_is_not_imported_at_the_start():
    program = (
        "import sys, features.decide.decide, features.store.workspace\n"
        "print(sorted({'cel', 'alembic'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_loading_growthbook_reaches_for_nothing_and_starts_nothing():
    """Its HTTP clients are loaded with it; one of them tries a port of this machine for IPv6."""
    program = (
        "import sys, threading\n"
        "FORBIDDEN = {'socket.connect', 'socket.getaddrinfo', 'socket.sendto'}\n"
        "sys.dont_write_bytecode = True\n"
        "def watch(event, arguments):\n"
        "    writes = event == 'open' and set(arguments[1] or '') & set('wax+')\n"
        "    if event in FORBIDDEN or writes: raise SystemExit(f'{event} {arguments}')\n"
        "sys.addaudithook(watch)\n"
        "import growthbook\n"
        "assert threading.active_count() == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_names_a_machine_or_a_package_registry():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"https?://[\w./-]+/(simple|packages)/|/(root|home/\w+)/")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".yaml", ""} and path.is_file():
            assert not pattern.search(path.read_text(errors="replace")), name
