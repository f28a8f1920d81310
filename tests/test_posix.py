"""Tests that need POSIX are marked, so that all others run on Windows, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent

ONLY_ON_POSIX: Final = {
    *("SIGALRM", "SIGKILL", "alarm", "fork", "getuid", "killpg", "mkfifo", "openpty", "pread", "pthread_kill", "tzset"),
    *("fcntl", "resource", "send_signal", "st_mode", "symlink_to"),
}
"""Names of attributes and modules that do not exist on Windows, or mean something else there."""
ONLY_POSIX_PATHS: Final = ("/bin/sh", "/dev/full", "/dev/null")

SAY_SO: Final = ("posix", "POSIX", "os.name", "sys.platform", "hasattr", "importorskip", "is_char_device")
"""A decorator, a mark of the module or the function itself must contain one of these words."""

ELSEWHERE: Final = {"benchmarks", "browser", "keycloak", "notebooks", "packaging", "answers", "_sync"}
"""Folders of tests that do not run on Windows, and of generated ones."""

MODULES: Final = [path for path in sorted(TESTS.rglob("*.py")) if path.relative_to(TESTS).parts[0] not in ELSEWHERE]


def needs(node: ast.AST) -> Iterator[str]:
    """Yield the names in a function that exist on POSIX only."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr in ONLY_ON_POSIX:
            yield inner.attr
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield from (path for path in ONLY_POSIX_PATHS if path in inner.value)


def test_tests_that_need_posix_are_marked() -> None:
    """A test that needs POSIX has the mark `posix`, or a condition that names the system."""
    assert not [fault for path in MODULES for fault in unmarked(path)]


def unmarked(path: Path) -> Iterator[str]:
    """Yield the tests of a module that need POSIX and do not say so."""
    source = path.read_text(encoding="utf-8")
    if not any(name in source for name in (*ONLY_ON_POSIX, *ONLY_POSIX_PATHS)):
        return
    tree = ast.parse(source)
    marks = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign) and "mark" in ast.unparse(node)]
    if path == Path(__file__) or any(say in mark for mark in marks for say in SAY_SO if "pytestmark" in mark):
        return
    functions = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    needed = {name: set(needs(node)) for name, node in functions.items()}
    for name, node in functions.items():
        if name.startswith("test_"):
            called = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
            helpers = {other for other in called & functions.keys() if needed[other]}
            everything = needed[name].union(*(needed[helper] for helper in helpers))
            if everything:
                text = "".join(ast.unparse(functions[each]) for each in (name, *helpers))
                if not any(say in text for say in SAY_SO):
                    yield f"{path}: {name} needs {everything}"
