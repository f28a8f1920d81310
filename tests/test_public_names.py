"""The names that users import, and the modules that an import loads."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import css_sdk

STUB = ast.parse(Path(css_sdk.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
HOMES = [
    (str(node.module), alias.name) for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names
]
"""What a type checker sees: the module and the name of each import."""
PUBLIC = sorted(name for _, name in HOMES)

HEAVY = {
    "anyio",
    "asyncio",
    "attrs",
    "attr",
    "css_sdk_openapi",
    "dateutil",
    "httpcore",
    "httpx",
    "jwt",
    "ssl",
    "uvicorn",
}


def test_each_public_name_is_listed_once() -> None:
    """Each public name is listed once, and `css_sdk.__all__` contains exactly these names."""
    assert len(PUBLIC) == len(set(PUBLIC))
    assert css_sdk.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_the_object_of_its_module(name: str) -> None:
    """A public name is the object that its module defines, each time it is used."""
    [home] = [home for home, listed in HOMES if listed == name]
    module = importlib.import_module(f"css_sdk.{home}")
    assert getattr(css_sdk, name) is getattr(module, name)
    assert getattr(css_sdk, name) is getattr(module, name)
    assert getattr(getattr(css_sdk, name), "__module__", module.__name__) == module.__name__


def test_every_error_is_public() -> None:
    """Every error class can be imported from `css_sdk`."""
    errors = importlib.import_module("css_sdk.errors")
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert set(kinds) <= set(PUBLIC)


def test_dir_lists_the_public_names() -> None:
    """`dir()` lists the public names, in a new list that a caller can change."""
    assert set(PUBLIC) <= set(dir(css_sdk))
    assert css_sdk.__dir__() is not css_sdk.__all__


@pytest.mark.parametrize("name", ["Nothing", "css", "_Css", "__wrapped__", ""])
def test_an_unknown_name_raises_attribute_error(name: str) -> None:
    """A name that does not exist raises an `AttributeError`, as with any module."""
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(css_sdk, name)
    assert not hasattr(css_sdk, name)


def test_a_star_import_binds_the_public_names() -> None:
    """`from css_sdk import *` binds the public names."""
    taken: dict[str, object] = {}
    exec("from css_sdk import *", taken)  # noqa: S102
    assert set(PUBLIC) <= set(taken)


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter loads for this code, beyond those of a bare one."""
    bare, after = (
        set(
            json.loads(
                subprocess.run(
                    [
                        sys.executable,
                        "-W",
                        "error",
                        "-c",
                        f"{line}\nimport json, sys\nprint(json.dumps([*sys.modules]))",
                    ],
                    capture_output=True,
                    check=True,
                    encoding="utf-8",
                ).stdout
            )
        )
        for line in ("", code)
    )
    return {name.partition(".")[0] for name in after - bare}


@pytest.mark.parametrize("module", ["css_sdk", "css_sdk.cli"])
def test_importing_the_package_loads_no_client(module: str) -> None:
    """Importing the package or its command line loads neither an HTTP client nor the generated client."""
    assert not loaded_by(f"import {module}") & HEAVY


def test_errors_can_be_caught_without_the_client() -> None:
    """Importing an error class does not load the HTTP client."""
    assert not loaded_by("from css_sdk import CssError, NotFound") & {"httpx", "anyio", "css_sdk_openapi"}


def test_the_client_is_loaded_when_its_name_is_used() -> None:
    """Importing `Css` loads httpx and the generated client."""
    assert loaded_by("from css_sdk import Css") >= {"httpx", "css_sdk_openapi"}
