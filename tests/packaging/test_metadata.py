"""What the package says about itself, and the addresses that its files name."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

OTHERS: Final = {
    "loginproxy.gov.bc.ca",  # the service and its login server
    "cern.ch",  # systems that give tokens, too
    "api.github.com",  # what the action asks
    "json-schema.org",
    "no-color.org",
    "www.w3.org",
    "www.apache.org",
    "semver.org",
}
"""Hosts of others that our files name: services that css-sdk calls, and standards."""
MADE_UP: Final = re.compile(r"(.*\.)?(example(\.(com|org))?|invalid)|localhost|127\.0\.0\.1|host|css-sandbox")


def shipped() -> list[Path]:
    """Return the files that people install or read: all that git keeps, but for tests and published documents."""
    command = [
        "git",
        "ls-files",
        "*.py",
        "*.md",
        "*.toml",
        "*.yml",
        "*.yaml",
        "*.ipynb",
        "*schema.json",
        "*.js",
        "*.css",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        pytest.skip("this is not a clone")
    return [ROOT / name for name in run.stdout.splitlines() if not name.startswith(("tests/", "openapi/"))]


def test_no_file_names_an_address_that_somebody_else_could_take() -> None:
    """Only pyproject.toml names addresses of the project; until the first release, they stand for an owner."""
    found = {
        (str(path.relative_to(ROOT)), address)
        for path in shipped()
        for address in re.findall(r"https?://[A-Za-z0-9.-]+(?:/OWNER\b)?", path.read_text(encoding="utf-8"))
    }
    hosts = {(path, address.partition("://")[2]) for path, address in found}
    assert not {
        (path, host)
        for path, host in hosts
        if host != "github.com/OWNER"
        and not MADE_UP.fullmatch(host)
        and not any(host == other or host.endswith(f".{other}") for other in OTHERS)
    }


def test_the_classifiers_name_what_the_gate_tests() -> None:
    """Each Python with a classifier runs the tests, and the oldest one is the one that is required."""
    versions = [entry.rpartition(" ")[2] for entry in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", entry)]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    others = re.search(r"^OTHER_PYTHONS \?= (.*)$", makefile, re.MULTILINE)
    assert others is not None
    assert [f"python{version}" for version in versions[1:]] == others[1].split()
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_the_author_is_the_maintainers() -> None:
    """No person and no e-mail address, which would be out of date first."""
    assert PROJECT["authors"] == [{"name": "css-sdk maintainers"}]


def test_a_command_has_the_name_of_the_package() -> None:
    """So `uvx css-sdk` and `pipx run css-sdk` find it."""
    assert PROJECT["scripts"]["css-sdk"] == PROJECT["scripts"]["css"]
