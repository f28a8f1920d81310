"""The wheel, installed into an empty environment, does what the README says. Run by `make test-wheel`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests import readme
from tests.packaging.installed import Installed, build, pinned

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the sdist, as an index would hold it."""
    return build(tmp_path_factory.mktemp("dist"))[1]


@pytest.fixture(scope="session")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """`css-sdk[sandbox]`."""
    return Installed(tmp_path_factory.mktemp("whole"), pinned(wheel, "[sandbox]"))


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """`css-sdk` without extras."""
    return Installed(tmp_path_factory.mktemp("bare"), pinned(wheel))


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


def test_without_extras_the_client_works_and_the_sandbox_says_what_to_install(
    bare: Installed, whole: Installed
) -> None:
    """Only who runs a sandbox needs its libraries."""
    assert "Usage: css" in bare.run("css", "--help")
    with whole.sandbox() as environ:
        assert "2016" in bare.run("css", "whoami", **environ)
    told = bare.run("css", "sandbox", code=64)
    assert 'pip install "css-sdk[sandbox]"' in told
    assert "Traceback" not in told
