"""The wheel, installed into an empty environment, does what the README says. `make test-wheel` runs this."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests import readme
from tests.packaging.installed import CONSTRAINTS, ROOT, UV, Installed, build, pinned

pytestmark = pytest.mark.wheel

PYTHONS: Final = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="session", params=PYTHONS)
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Installed:
    """Return `css-sdk[sandbox]` installed with each available version of Python."""
    found = subprocess.run([*UV, "python", "find", request.param], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"there is no Python {request.param}")
    return Installed(tmp_path_factory.mktemp("whole"), pinned(wheel, "[sandbox]"), request.param)


def test_the_wheel_contains_both_packages_and_their_data(wheel: Path) -> None:
    """The wheel contains both packages, their data, both py.typed files, and the licence, and nothing else."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "css_sdk/py.typed",
        "css_sdk_openapi/py.typed",
        "css_sdk/_sync/client.py",
        "css_sdk/journal/schema.json",
        "css_sdk/plan/schema.json",
        "css_sdk/roles_file/schema.json",
        "css_sdk/sandbox/world/world.json",
        "css_sdk/sandbox/serving/published.json",
    } <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"css_sdk", "css_sdk_openapi"}


def test_the_readme_works_with_the_installed_wheel(whole: Installed) -> None:
    """The README's Python program and the commands work with the installed wheel."""
    assert "Usage: css" in whole.run("css", "--help")
    with whole.sandbox() as environ:
        assert whole.run("python", "-c", readme.python(), **environ) in readme.blocks("text")
        assert "2016" in whole.run("css", "whoami", **environ)
        plan = whole.run("css", "plan", str(ROOT / "examples" / "roles.yaml"), **environ)
        assert "Plan: 2 to create, 4 to add." in plan
        assert whole.run("css-sdk", "plan", str(ROOT / "examples" / "roles.yaml"), **environ) == plan
        assert whole.run("python", "-m", "css_sdk", "--version") == whole.run("css", "--version")


def test_without_extras_all_commands_except_the_sandbox_work(bare: Installed, whole: Installed) -> None:
    """Without extras, the commands work except `css sandbox`, which says what to install."""
    with whole.sandbox() as environ:
        assert "2016" in bare.run("css", "whoami", **environ)
        assert "Plan:" in bare.run("css", "plan", str(ROOT / "examples" / "roles.yaml"), **environ)
    found = bare.run("css", "sandbox", code=64)
    assert 'pip install "css-sdk[sandbox]"' in found
    assert "Traceback" not in found


def test_uvx_finds_the_command_of_the_package(wheel: Path, tmp_path: Path) -> None:
    """`uvx css-sdk` runs the command in a temporary environment."""
    command = [*UV, "tool", "run", "--constraints", str(CONSTRAINTS), "--from", str(wheel), "css-sdk", "--version"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.startswith("css, version ")


def test_pip_accepts_only_the_wheel_with_the_right_hash(wheel: Path, bare: Installed) -> None:
    """pip installs the wheel with its hash, and refuses a file with another hash."""
    bare.install("pip")
    requirement = pinned(wheel)
    options = ("-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--require-hashes")
    bare.run("python", *options, "--constraint", str(CONSTRAINTS), requirement)
    digest = requirement.rpartition("=")[2]
    refused = bare.run(
        "python", *options, "--constraint", str(CONSTRAINTS), requirement.replace(digest, "0" * 64), code=1
    )
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused


def test_two_builds_are_equal_byte_for_byte(dist: Path, tmp_path: Path) -> None:
    """Building the same files in another folder, with other times and modes, gives the same sdist and wheel."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    for name in filter(None, names.split("\0")):
        copy = tmp_path / "another folder" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
        copy.chmod(0o700 if os.access(ROOT / name, os.X_OK) else 0o600)
        os.utime(copy, (1_000_000_000, 1_000_000_000))
    for again in build(tmp_path / "dist", tmp_path / "another folder"):
        assert again.read_bytes() == (dist / again.name).read_bytes(), again.name


def check(dist: Path, *tag: str) -> tuple[int, str]:
    """Run the check of a release, and return its exit code and its output."""
    tools = Path(sys.executable).parent
    command = [str(ROOT / ".ci" / "package-check"), str(tools), str(dist), *tag]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    return run.returncode, run.stdout


@pytest.mark.skipif(os.name != "posix", reason="releases are built on Linux")
def test_the_metadata_passes_the_checks_of_a_release(dist: Path, wheel: Path) -> None:
    """twine, check-wheel-contents and pyroma accept the package.

    A release needs the tag of its version and addresses.
    """
    code, printed = check(dist)
    assert code == 0, printed
    assert "Final rating: 10/10" in printed
    code, printed = check(dist, "v99.0.0")
    assert code == 1
    assert "is not that of the tag v99.0.0" in printed
    version = wheel.name.split("-")[1]
    code, printed = check(dist, f"v{version}")
    assert (code == 0) == (b"Project-URL: " in zipfile.ZipFile(wheel).read(f"css_sdk-{version}.dist-info/METADATA"))
    assert code == 0 or "Set [project.urls] in pyproject.toml" in printed


def test_pre_commit_checks_roles_files(tmp_path: Path) -> None:
    """The pre-commit hook reports the fault in a roles file and ignores other files."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"PRE_COMMIT_HOME": str(tmp_path / "home")}
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8", check=False)

    (tmp_path / "more").mkdir()
    good, faulty = "version: 1\nintegrations: []\n", "version: 1\nintegration: []\n"
    for name, content in {"roles.yaml": good, "more/roles.yml": faulty, "other.yaml": faulty}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    run("git", "init", "--quiet")
    run("git", "add", "--all")
    checked = run(sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "css-validate", "--all-files", "--verbose")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "roles.yaml: 0 places, 0 roles, 0 grants" in checked.stdout
    assert "more/roles.yml:2: the key 'integration' is unknown" in checked.stdout
    assert "other.yaml" not in checked.stdout
