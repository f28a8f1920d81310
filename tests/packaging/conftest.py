"""Fixtures: the sdist and the wheel, built once, and environments with the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.installed import Installed, build, pinned


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the sdist and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """Return the wheel."""
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return an environment with `css-sdk` without extras."""
    return Installed(tmp_path_factory.mktemp("bare"), pinned(wheel))
