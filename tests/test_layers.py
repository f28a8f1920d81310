"""The layers of packages, and the imports that each layer allows."""

from __future__ import annotations

import ast
import functools
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
GENERATED: Final = ROOT / "generated" / "css_sdk_openapi"

LAYERS: Final = {
    5: ("__main__", "cli", "doctor", "testing"),
    4: ("_async", "_sync", "systems"),
    3: ("_http", "auth", "folders", "progress"),
    2: ("_verification", "journal", "people", "plan", "report", "roles_file", "roster", "state"),
    1: ("_service", "_text", "_version", "config", "errors", "models", "settings"),
}
"""The packages and top-level modules of each layer. The sandbox belongs to none of them."""

ARROWS: Final = {
    "__main__": {"cli"},
    "auth": {"_http"},
    "journal": {"state"},
    "_service": {"_text", "errors", "models"},
    "_text": {"errors"},
    "_verification": {"state"},
    "config": {"_service", "_text", "errors", "settings"},
    "models": {"_text", "errors"},
    "people": {"state"},
    "plan": {"journal", "people", "state"},
    "report": {"people", "plan", "state"},
    "roles_file": {"people", "plan"},
    "roster": {"people", "plan", "state"},
    "settings": {"_service", "_text", "errors"},
}
"""The packages of its own layer that a package may import. It may import everything in the layers below."""

PURE: Final = (*LAYERS[2], "_service", "_text")
"""The pure packages, which decide and have no input or output."""
READS_ITS_OWN_FILES: Final = "css_sdk.report.page"
"""A module that is pure, except that it reads its own style sheet and script."""
GENERATED_USERS: Final = ("_async", "_sync", "_http")
"""The only packages that use the generated client."""

HTTPX_USERS: Final = ("_async", "_sync", "_http", "auth", "doctor", "sandbox", "systems")
"""The packages that use httpx. A move to another library changes these."""

IMPURE: Final = {"anyio", "asyncio", "httpx", "os", "random", "secrets", "socket", "subprocess", "threading", "time"}
"""The modules that a pure package may not import: clients, clocks, randomness, the environment."""
CLOCKS: Final = {"now", "today", "utcnow"}

ALLOWED_TO_THE_SANDBOX: Final = {"sandbox", "_version"}
SANDBOX_ARROWS: Final = {
    "world": set[str](),
    "login": {"world"},
    "api": {"login", "world"},
    "serving": {"api", "login", "world"},
}
"""The packages of the sandbox, and the others that each may import. All may import the shared modules."""
SANDBOX_SHARED: Final = {"errors", "http", "javascript", "journal"}
"""The sandbox's own modules that import none of its packages."""


@frozen
class Import:
    """An imported module, or an imported name of a module."""

    importer: str
    module: str
    name: str
    line: int
    is_for_types: bool

    @property
    def target(self) -> str:
        """Return the imported module; for a public name of `css_sdk`, return the module that defines it."""
        if self.module == "css_sdk" and self.name in css_sdk.__all__:
            return f"css_sdk.{css_sdk._HOMES[self.name]}"
        inner = f"{self.module}.{self.name}"
        return inner if inner in MODULES else self.module

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module} {self.name}".rstrip()


def module_name(path: Path, above: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(above).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {module_name(path, ROOT): path for path in sorted(SDK.rglob("*.py"))}
GENERATED_MODULES: Final = {module_name(path, GENERATED.parent): path for path in sorted(GENERATED.rglob("*.py"))}


def names(node: ast.AST) -> set[str]:
    """Return the name that a node of an expression consists of or ends with."""
    return {found for found in (getattr(node, "id", None), getattr(node, "attr", None)) if found}


def imports_in(name: str, path: Path) -> Iterator[Import]:
    """Yield every import of a module, including imports inside functions and imports for types."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and any("TYPE_CHECKING" in names(test) for test in ast.walk(node.test))
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


@functools.cache
def imports() -> dict[str, list[Import]]:
    """Return the imports of every module."""
    return {name: list(imports_in(name, path)) for name, path in MODULES.items()}


@functools.cache
def our_imports() -> list[Import]:
    """Return the imports of our own modules."""
    return [entry for entries in imports().values() for entry in entries if entry.target.split(".")[0] == "css_sdk"]


LAYER_OF: Final = {package: layer for layer, packages in LAYERS.items() for package in packages} | {"__init__": 5}


def package_of(module: str) -> str:
    """Return the package or module directly below `css_sdk` that contains a module."""
    return [*module.split("."), "__init__"][1]


def arrows() -> set[tuple[str, str]]:
    """Return the pairs of packages where the first imports the second."""
    pairs = {(package_of(entry.importer), package_of(entry.target)) for entry in our_imports()}
    return {(importer, target) for importer, target in pairs if importer != target}


def test_all_kinds_of_imports_are_found() -> None:
    """These tests find imports at the top, inside functions and for types, and resolve relative ones."""
    seen = {(entry.importer, entry.target) for entry in our_imports()}
    assert ("css_sdk._service.identifiers", "css_sdk.errors") in seen
    assert ("css_sdk._async.sending", "css_sdk._service.request_checks") in seen
    assert ("css_sdk.cli.support.client", "css_sdk._sync.client") in seen
    assert any(e.module == "httpx" and e.is_for_types for e in imports()["css_sdk._http.answers"])


def test_every_module_has_a_layer() -> None:
    """Every module belongs to a package in the table of layers."""
    assert {package_of(name) for name in MODULES} <= {*LAYER_OF, "sandbox"}


def test_imports_point_down() -> None:
    """A module imports only the layers below its own, and in its own layer only the packages that the table allows."""
    for entry in (entry for entry in our_imports() if package_of(entry.importer) != "sandbox"):
        package, other = package_of(entry.importer), package_of(entry.target)
        if other == "sandbox":
            assert LAYER_OF[package] == 5, entry
        elif LAYER_OF[package] == LAYER_OF[other] and package != other and LAYER_OF[package] < 5:
            assert other in ARROWS.get(package, set()), entry
        else:
            assert LAYER_OF[package] >= LAYER_OF[other], entry


def test_every_arrow_is_used() -> None:
    """The table allows no import within a layer that the code no longer has."""
    listed = {(package, other) for package, others in ARROWS.items() for other in others}
    assert listed <= arrows()


def test_packages_form_no_cycle() -> None:
    """The imports between packages form no cycle, imports for types included."""
    below: dict[str, set[str]] = {}
    for importer, target in arrows():
        if importer != "__init__" and target != "__init__":
            below.setdefault(importer, set()).add(target)
    graphlib.TopologicalSorter(below).prepare()


def test_modules_form_no_import_cycle() -> None:
    """The imports that happen when modules load form no cycle."""
    sorter = graphlib.TopologicalSorter(
        {
            name: {e.target for e in entries if e.target in MODULES and not e.is_for_types and e.target != name}
            for name, entries in imports().items()
        }
    )
    sorter.prepare()


def test_few_packages_use_httpx() -> None:
    """Only the listed packages and the command about tokens import httpx."""
    users = {name for name in MODULES for entry in imports()[name] if entry.module.split(".")[0] == "httpx"}
    assert {package_of(name) for name in users - {"css_sdk.cli.commands.token"}} == set(HTTPX_USERS)


def test_few_packages_use_the_generated_client() -> None:
    """Only the two clients and the package that parses answers import the generated client."""
    for entry in (entry for entries in imports().values() for entry in entries):
        assert entry.module.split(".")[0] != "css_sdk_openapi" or package_of(entry.importer) in GENERATED_USERS, entry


def test_the_sandbox_stands_alone() -> None:
    """The sandbox imports nothing of the facade or the generated client, so that a mistake of one shows
    in the other.
    """
    for entry in (entry for name in MODULES if package_of(name) == "sandbox" for entry in imports()[name]):
        assert entry.module.split(".")[0] != "css_sdk_openapi", entry
        if entry.target.split(".")[0] == "css_sdk":
            assert package_of(entry.target) in ALLOWED_TO_THE_SANDBOX, entry


def test_the_packages_of_the_sandbox_import_only_what_the_table_allows() -> None:
    """The packages of the sandbox import each other only as the table allows, imports for types included."""
    allowed = {name: arrows | SANDBOX_SHARED for name, arrows in SANDBOX_ARROWS.items()}
    allowed |= dict.fromkeys(SANDBOX_SHARED, SANDBOX_SHARED)
    for name in (name for name in MODULES if name.startswith("css_sdk.sandbox.")):
        package = name.split(".")[2]
        inside = [e for e in imports()[name] if e.target.startswith("css_sdk.sandbox.")]
        for entry in inside if package in allowed else ():
            assert entry.target.split(".")[2] in allowed[package] | {package}, entry


def test_the_sandbox_has_no_cycles() -> None:
    """The modules of the sandbox form no import cycle, imports for types included."""
    inside = [name for name in MODULES if name.startswith("css_sdk.sandbox.")]
    below = {name: {e.target for e in imports()[name] if e.target in inside} - {name} for name in inside}
    graphlib.TopologicalSorter(below).prepare()


def test_the_generated_client_stands_alone() -> None:
    """The generated client imports nothing of `css_sdk`."""
    for entry in (entry for name, path in GENERATED_MODULES.items() for entry in imports_in(name, path)):
        assert entry.module.split(".")[0] != "css_sdk", entry


def test_pure_packages_are_pure() -> None:
    """A pure package imports no client, clock, randomness or environment, and reads and writes no file."""
    for name in (name for name in MODULES if package_of(name) in PURE and name != READS_ITS_OWN_FILES):
        for entry in imports()[name]:
            assert entry.module.split(".")[0] not in IMPURE or entry.is_for_types, entry
        tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = {function.attr for function in calls if isinstance(function, ast.Attribute)}
        assert not called & (CLOCKS | {"read_text", "write_text", "read_bytes", "write_bytes"}), name


def test_the_asynchronous_source_imports_no_library_for_threads_or_tasks_only() -> None:
    """The asynchronous source, which is mirrored, imports no library that serves only threads or only tasks."""
    for entries in (imports()[name] for name in MODULES if package_of(name) == "_async"):
        for entry in entries:
            assert entry.module.split(".")[0] not in ("asyncio", "anyio", "trio", "threading"), entry


def test_every_module_has_a_docstring() -> None:
    """Every module has a docstring."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    assert not [name for name, text in texts.items() if not ast.get_docstring(ast.parse(text))]


PACKAGES: Final = sorted(name for name, path in MODULES.items() if path.name == "__init__.py" and name != "css_sdk")


@pytest.mark.parametrize("name", [name for name in PACKAGES if not name.startswith(("css_sdk._sync", "css_sdk.cli."))])
def test_the_docstring_of_a_package_says_what_it_may_import_and_where_to_start(name: str) -> None:
    """The docstring of a package says what it may import and where to start reading."""
    documented = ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8"))) or ""
    assert "import" in documented
    assert "Start" in documented


@pytest.mark.parametrize("name", ["css_sdk", "css_sdk_openapi"])
def test_both_packages_are_marked_as_typed(name: str) -> None:
    """Both packages contain `py.typed`, so that type checkers use their annotations."""
    assert (Path(str(import_module(name).__file__)).parent / "py.typed").is_file()
