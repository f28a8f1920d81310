"""Who may import whom."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

import css_sdk

ROOT: Final = Path(__file__).resolve().parent.parent
SDK: Final = ROOT / "css_sdk"
GENERATED: Final = ROOT / "generated" / "css_api"

LAYERS: Final = {
    "__init__": 5,
    "cli": 5,
    "testing": 5,
    "_async": 4,
    "_sync": 4,
    "systems": 4,
    "_pairs": 3,
    "auth": 3,
    "_renewal": 3,
    "_token_endpoint": 3,
    "_sending": 3,
    "_bound_requests": 3,
    "_clean_text": 2,
    "_addresses": 1,
    "_system_sources": 1,
    "_clients": 3,
    "_cancellation": 3,
    "_deadlines": 3,
    "_forks": 3,
    "_failures": 3,
    "_forgetful_clients": 3,
    "_rules": 2,
    "_answers": 2,
    "_bodies": 2,
    "_logs": 2,
    "_retry": 2,
    "roster": 2,
    "_roster_goals": 2,
    "_identification": 2,
    "_person_cells": 2,
    "_roster_text": 2,
    "progress": 3,
    "persons": 2,
    "_searches": 2,
    "_person_logins": 2,
    "_arguments": 2,
    "state": 2,
    "_late_writes": 2,
    "_limits": 2,
    "_holders": 2,
    "_grounds": 2,
    "desired": 2,
    "_shown": 1,
    "_text_files": 2,
    "_csv": 2,
    "_yaml_nodes": 2,
    "_desired_checks": 2,
    "_desired_file": 2,
    "_desired_text": 2,
    "plan": 2,
    "_applying": 2,
    "_place_plan": 2,
    "_order": 2,
    "_plan_checks": 2,
    "_plan_file": 2,
    "_plan_id": 2,
    "_plan_text": 2,
    "undo": 2,
    "_undo_plan": 2,
    "transfer": 2,
    "journal": 2,
    "journal_file": 3,
    "report": 2,
    "_report_text": 2,
    "_report_page": 3,
    "tokens": 2,
    "errors": 1,
    "models": 1,
    "_tables": 1,
    "settings": 1,
    "_version": 1,
}
"""The layer of each room; a room is a module or a folder right below the package. The sandbox stands beside them."""

PURE: Final = sorted(room for room, layer in LAYERS.items() if layer == 2)
CLIENT_OF_THE_GENERATED: Final = {"_async", "_sync", "models", "_answers"}
ALLOWED_TO_THE_SANDBOX: Final = {"sandbox", "_version"}
LONGEST_MODULE: Final = 500

IMPURE: Final = {"anyio", "asyncio", "httpx", "os", "random", "secrets", "socket", "subprocess", "threading", "time"}
"""What a pure room does without: clients, clocks, chance, the environment."""
CLOCKS: Final = {"now", "today", "utcnow"}


@frozen
class Import:
    """One imported module, or one imported name of it."""

    importer: str
    module: str
    name: str
    line: int
    is_for_types: bool

    @property
    def target(self) -> str:
        """The module that it leads to; a public name of the package leads to its home."""
        if self.module == "css_sdk" and self.name in css_sdk.__all__:
            return f"css_sdk.{css_sdk._HOMES.get(self.name, 'errors')}"
        inner = f"{self.module}.{self.name}"
        return inner if inner in MODULES else self.module

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module} {self.name}".rstrip()


def module_name(path: Path, above: Path) -> str:
    parts = path.relative_to(above).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {module_name(path, ROOT): path for path in sorted(SDK.rglob("*.py"))}
GENERATED_MODULES: Final = {module_name(path, GENERATED.parent): path for path in sorted(GENERATED.rglob("*.py"))}


def imports_in(name: str, path: Path) -> Iterator[Import]:
    """Every import of a module, inside functions and for types alone too."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in node.body
        for inner in ast.walk(child)
    }
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, "", node.lineno, node in for_types)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield Import(name, module, alias.name, node.lineno, node in for_types)


IMPORTS: Final = {name: list(imports_in(name, path)) for name, path in MODULES.items()}
OURS: Final = [entry for entries in IMPORTS.values() for entry in entries if entry.target.split(".")[0] == "css_sdk"]


def room_of(module: str) -> str:
    """The room of one of our modules."""
    return [*module.split("."), "__init__"][1]


def test_imports_are_seen() -> None:
    """The reading itself works: it sees imports at the top, inside functions and for types, relative ones resolved."""
    seen = {(entry.importer, entry.target) for entry in OURS}
    assert ("css_sdk._rules", "css_sdk.errors") in seen
    assert ("css_sdk._async.wire", "css_sdk._rules") in seen
    assert ("css_sdk.cli.whoami", "css_sdk._sync.client") in seen
    assert any(e.module == "httpx" and e.is_for_types for e in IMPORTS["css_sdk._answers"])


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_layer(name: str) -> None:
    """A new room needs a line in the table."""
    assert room_of(name) in {*LAYERS, "sandbox"}


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) != "sandbox"])
def test_imports_point_down(name: str) -> None:
    """No room imports one that stands above it; the sandbox is for the uppermost alone."""
    room = room_of(name)
    for entry in (entry for entry in OURS if entry.importer == name):
        other = room_of(entry.target)
        assert LAYERS[room] >= (LAYERS[other] if other != "sandbox" else 5), entry


def test_the_twins_do_not_meet() -> None:
    """The asynchronous and the synchronous client import nothing of each other."""
    for entry in OURS:
        assert {room_of(entry.importer), room_of(entry.target)} != {"_async", "_sync"}, entry


def test_no_import_leads_in_a_circle() -> None:
    """Among the imports that happen when a module loads, none leads back to where it began."""
    sorter = graphlib.TopologicalSorter(
        {
            name: {e.target for e in entries if e.target in MODULES and not e.is_for_types and e.target != name}
            for name, entries in IMPORTS.items()
        }
    )
    sorter.prepare()


@pytest.mark.parametrize("name", MODULES)
def test_few_rooms_know_the_generated_client(name: str) -> None:
    """Only the two clients, the models and the reading of answers import the generated client."""
    users = [entry for entry in IMPORTS[name] if entry.module.split(".")[0] == "css_api"]
    assert not users or room_of(name) in CLIENT_OF_THE_GENERATED


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) == "sandbox"])
def test_the_sandbox_stands_alone(name: str) -> None:
    """The sandbox shares nothing with the facade, or a mistake would agree with itself."""
    for entry in IMPORTS[name]:
        assert entry.module.split(".")[0] != "css_api", entry
        if entry.target.split(".")[0] == "css_sdk":
            assert room_of(entry.target) in ALLOWED_TO_THE_SANDBOX, entry


@pytest.mark.parametrize("name", GENERATED_MODULES)
def test_the_generated_client_stands_alone(name: str) -> None:
    """The generated client imports nothing of ours."""
    for entry in imports_in(name, GENERATED_MODULES[name]):
        assert entry.module.split(".")[0] != "css_sdk", entry


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) in PURE])
def test_pure_rooms_are_pure(name: str) -> None:
    """A room of decisions has no client, no clock, no chance and no environment variables of its own."""
    for entry in IMPORTS[name]:
        assert entry.module.split(".")[0] not in IMPURE or entry.is_for_types, entry
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert not called & CLOCKS
    assert not called & {"read_text", "write_text", "read_bytes", "write_bytes"}


def test_the_asynchronous_source_speaks_a_plain_dialect() -> None:
    """What is mirrored imports no library of one world alone."""
    for entries in (IMPORTS[name] for name in MODULES if room_of(name) == "_async"):
        for entry in entries:
            assert entry.module.split(".")[0] not in ("asyncio", "anyio", "trio", "threading"), entry


def handwritten() -> list[Path]:
    """Every module that people write and read."""
    folders = [SDK, ROOT / "openapi", ROOT / "tests", ROOT / "examples"]
    mirrored = {SDK / "_sync", ROOT / "tests" / "_sync"}
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in paths if not mirrored & set(path.parents)]


@pytest.mark.parametrize("path", handwritten(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_is_too_long(path: Path) -> None:
    """No handwritten module passes 500 lines; one that grows past it holds two ideas."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    """Every module has a docstring."""
    assert ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["css_sdk", "css_api"])
def test_types_are_for_users_too(name: str) -> None:
    """Type checkers are told to believe the annotations of both packages."""
    assert (Path(str(import_module(name).__file__)).parent / "py.typed").is_file()
