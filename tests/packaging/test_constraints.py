"""`constraints.txt` pins everything that is installed or used for building, with a hash of every file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS: Final = (ROOT / "constraints.txt").read_text(encoding="utf-8")
ENTRIES: Final = re.findall(r"^(\S.*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", CONSTRAINTS, re.MULTILINE)
PINNED: Final = {Requirement(entry).name: Requirement(entry) for entry, _ in ENTRIES if not entry.startswith("#")}


def required() -> list[tuple[str, Requirement]]:
    """Return each requirement of pyproject.toml with the table that names it."""
    tables = {
        "build-system": PROJECT["build-system"]["requires"],
        "dependencies": PROJECT["project"]["dependencies"],
        **PROJECT["project"]["optional-dependencies"],
        **PROJECT["dependency-groups"],
    }
    requirements = [(table, entry) for table, entries in tables.items() for entry in entries if isinstance(entry, str)]
    found = [(table, Requirement(entry)) for table, entry in requirements]
    return [(table, requirement) for table, requirement in found if requirement.name != PROJECT["project"]["name"]]


def test_every_entry_pins_one_version_and_has_hashes() -> None:
    """Each entry of constraints.txt pins one version and has hashes, so no other file can be installed."""
    entries = [(entry, hashes) for entry, hashes in ENTRIES if not entry.startswith("#")]
    assert len(entries) > 100
    assert not [entry for entry, hashes in entries if not hashes or "==" not in entry]
    assert CONSTRAINTS.count("--hash=") == "".join(hashes for _, hashes in entries).count("--hash=")


def test_constraints_contain_no_address() -> None:
    """constraints.txt contains no address of an index, because each machine configures its own."""
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", CONSTRAINTS)


@pytest.mark.parametrize(("table", "requirement"), required(), ids=str)
def test_every_requirement_is_pinned_within_its_bounds(table: str, requirement: Requirement) -> None:
    """constraints.txt pins each requirement of pyproject.toml within its bounds.

    After adding a dependency, run `make lock`.
    """
    pinned = PINNED[canonicalize_name(requirement.name)]
    [version] = [specifier.version for specifier in pinned.specifier]
    assert requirement.specifier.contains(version), f"{table}: run make lock"


def test_the_build_back_end_is_pinned() -> None:
    """The build back-end is pinned to exact versions, so constraints.txt has the hashes of the one that builds."""
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]
    assert all("==" in requirement for requirement in PROJECT["build-system"]["requires"])
