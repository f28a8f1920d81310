"""The metadata of the package, and the addresses in its files."""

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
    "cern.ch",  # other systems that issue tokens
    "api.github.com",  # the API that the action calls
    "json-schema.org",
    "no-color.org",
    "www.w3.org",
    "www.apache.org",
    "semver.org",
}
"""Hosts of others in our files: services that css-sdk calls, and standards."""
MADE_UP: Final = re.compile(r"(.*\.)?(example(\.(com|org))?|invalid)|localhost|127\.0\.0\.1|host|css-sandbox")


def shipped() -> list[Path]:
    """Return the files that people install or read: all files in git except tests and published documents."""
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


def test_no_file_contains_an_address_that_somebody_else_could_take() -> None:
    """Files contain only known hosts and the placeholder for the owner of the repository."""
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


def test_the_classifiers_name_the_tested_python_versions() -> None:
    """Each Python version with a classifier is tested, and the oldest one is the required version."""
    versions = [entry.rpartition(" ")[2] for entry in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", entry)]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    others = re.search(r"^OTHER_PYTHONS \?= (.*)$", makefile, re.MULTILINE)
    assert others is not None
    assert [f"python{version}" for version in versions[1:]] == others[1].split()
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_the_author_is_the_group_of_maintainers() -> None:
    """The author is the group of maintainers, because names and addresses of persons become outdated."""
    assert PROJECT["authors"] == [{"name": "css-sdk maintainers"}]


def test_a_command_has_the_name_of_the_package() -> None:
    """The package has a command with its own name, so that `uvx css-sdk` and `pipx run css-sdk` find it."""
    assert PROJECT["scripts"]["css-sdk"] == PROJECT["scripts"]["css"]
