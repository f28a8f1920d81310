"""The wheel, installed into an empty environment, does what the README says. Run by `make test-wheel`."""

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
    """`css-sdk[sandbox]`, on each Python that is here."""
    found = subprocess.run([*UV, "python", "find", request.param], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"there is no Python {request.param}")
    return Installed(tmp_path_factory.mktemp("whole"), pinned(wheel, "[sandbox]"), request.param)


def test_the_wheel_holds_both_packages_and_their_data(wheel: Path) -> None:
    """The facade, the typed client, the sandbox's world, both marks of typed packages, and the licence."""
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


def test_the_readme_runs_on_the_wheel(whole: Installed) -> None:
    """The Python as it stands, and the commands that need no file of the repository."""
    assert "Usage: css" in whole.run("css", "--help")
    with whole.sandbox() as environ:
        assert whole.run("python", "-c", readme.python(), **environ) in readme.blocks("text")
        assert "2016" in whole.run("css", "whoami", **environ)
        plan = whole.run("css", "plan", str(ROOT / "examples" / "roles.yaml"), **environ)
        assert "Plan: 2 to create, 4 to add." in plan
        assert whole.run("css-sdk", "plan", str(ROOT / "examples" / "roles.yaml"), **environ) == plan
        assert whole.run("python", "-m", "css_sdk", "--version") == whole.run("css", "--version")


def test_without_extras_all_but_the_sandbox_works(bare: Installed, whole: Installed) -> None:
    """A bare installation makes plans. The sandbox says what to install."""
    with whole.sandbox() as environ:
        assert "2016" in bare.run("css", "whoami", **environ)
        assert "Plan:" in bare.run("css", "plan", str(ROOT / "examples" / "roles.yaml"), **environ)
    told = bare.run("css", "sandbox", code=64)
    assert 'pip install "css-sdk[sandbox]"' in told
    assert "Traceback" not in told


def test_uvx_finds_the_command_of_the_package(wheel: Path, tmp_path: Path) -> None:
    """`uvx css-sdk` runs `css` in an environment that lives for the call."""
    command = [*UV, "tool", "run", "--constraints", str(CONSTRAINTS), "--from", str(wheel), "css-sdk", "--version"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.startswith("css, version ")


def test_pip_installs_the_wheel_with_hashes(wheel: Path, bare: Installed) -> None:
    """As SECURITY says, and not a file that somebody has changed."""
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
    """The same commit in another folder, with other times and modes of its files, gives the same sdist and wheel."""
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
    """Run the check of a release, and return its exit code and what it printed."""
    tools = Path(sys.executable).parent
    command = [str(ROOT / ".ci" / "package-check"), str(tools), str(dist), *tag]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    return run.returncode, run.stdout


@pytest.mark.skipif(os.name != "posix", reason="releases are built on Linux")
def test_the_metadata_is_as_indexes_want_it(dist: Path, wheel: Path) -> None:
    """twine, check-wheel-contents and pyroma find nothing. A release needs the tag of its version, and addresses."""
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
    """In a scratch repository, the hook names the fault in a roles file, and leaves other files alone."""

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
