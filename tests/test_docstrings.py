"""Every public name is documented, and the examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import css_sdk
from css_sdk import Css, Settings
from css_sdk._sync.bulk import BulkOptions
from css_sdk._sync.exact import ExactOptions
from css_sdk._sync.rosters import RosterOptions
from css_sdk.sandbox import Sandbox

SKIPPED = ("css_sdk._async", "css_sdk.cli", "css_sdk.sandbox")
"""Packages that are skipped: their mirror is run instead, or their examples are commands or have their own tests."""


def modules() -> Iterator[ModuleType]:
    """Yield the modules whose examples are run."""
    for found in pkgutil.walk_packages(css_sdk.__path__, "css_sdk."):
        if not found.name.startswith(SKIPPED):
            yield importlib.import_module(found.name)


def examples() -> list[doctest.DocTest]:
    """Return all examples, each with the name of its docstring."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for module in modules() for test in finder.find(module, module.__name__) if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name)
def test_the_example_runs(example: doctest.DocTest, sandbox: Sandbox) -> None:
    """The example runs in the shipped sandbox, where `css` is a client and `dev` the dev environment of the Grants
    Portal.
    """
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        example.globs |= {name: getattr(css_sdk, name) for name in ("ServiceAccount", "read_roster")}
        example.globs |= {"css": css, "dev": css.integration("Grants Portal").environment("dev"), "sandbox": sandbox}
        reported: list[str] = []
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=reported.append)
    assert not result.failed, "".join(reported)


ROOMS = {"Css", "IntegrationClient", "EnvironmentClient", "Roles", "Users", "People", "Bulk", "Composites"}


def public_things() -> list[tuple[str, Any]]:
    """Return the public names, the parts of a client, and their methods."""
    found: dict[str, Any] = {name: getattr(css_sdk, name) for name in css_sdk.__all__ if not name.startswith("_")}
    for name in ("Roles", "Users", "People", "Bulk", "Composites"):
        found[name] = getattr(importlib.import_module(f"css_sdk._sync.{name.lower()}"), name)
    for name, thing in list(found.items()):
        if inspect.isclass(thing) and not name.startswith("Async"):
            methods = {key: value for key, value in vars(thing).items() if not key.startswith("_") and key != "close"}
            found |= {f"{name}.{key}": value for key, value in methods.items() if inspect.isfunction(value)}
    return sorted(found.items())


OPTIONS = {
    f"Unpack[{kind.__name__}]": tuple(kind.__annotations__) for kind in (BulkOptions, ExactOptions, RosterOptions)
} | {"Unpack[Options]": ()}
"""The names in options that several methods share. The options of a client are described in their own docstring."""


def names_in(key: str, parameter: inspect.Parameter) -> tuple[str, ...]:
    """Return the names of arguments that a parameter stands for."""
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return OPTIONS.get(str(parameter.annotation), (key,))
    return () if key == "self" else (key,)


@pytest.mark.parametrize("thing", public_things(), ids=lambda pair: pair[0])
def test_every_public_name_is_documented_with_its_arguments(thing: tuple[str, Any]) -> None:
    """Every public name has a docstring that names its arguments; methods of a client also have an example and their
    errors.
    """
    name, value = thing
    documented = inspect.getdoc(value)
    assert documented, name
    if inspect.isfunction(value):
        arguments = [
            name for key, parameter in inspect.signature(value).parameters.items() for name in names_in(key, parameter)
        ]
        missing = [key for key in arguments if key not in documented]
        assert not missing, f"{name} does not tell what these are: {missing}"
        if name.split(".")[0] in ROOMS:
            assert ">>>" in documented, f"{name} has no example"
            assert "Raises:" in documented or not arguments, f"{name} does not tell what it raises"
