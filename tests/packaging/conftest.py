"""The sdist and the wheel, built once, and environments that hold the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.installed import Installed, build, pinned


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel that was made of it."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """The wheel, as an index would hold it."""
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """`css-sdk` without extras."""
    return Installed(tmp_path_factory.mktemp("bare"), pinned(wheel))
