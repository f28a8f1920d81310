"""If Java, Maven or Keycloak is missing or broken, the error says so in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keycloak import server

pytestmark = pytest.mark.keycloak

Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return a function that puts a program on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(server, "CACHE", tmp_path / "cache")

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    return put


def test_a_missing_java_is_reported(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Java is neither on the PATH nor in JAVA_HOME, the error says where it was searched."""
    with pytest.raises(
        server.KeycloakError, match=r"^Keycloak needs Java 17 or newer, and there is no java on the PATH"
    ):
        server.check_java()
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(server.KeycloakError, match=r"there is no java in JAVA_HOME \(/nowhere\)\.$"):
        server.check_java()


@pytest.mark.parametrize(("version", "number"), [("1.8.0_402", "8"), ("11.0.22", "11")])
def test_a_java_that_is_too_old_is_reported(program: Program, version: str, number: str) -> None:
    """If Java is too old, the error names its version."""
    program("java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    with pytest.raises(
        server.KeycloakError, match=rf"^Keycloak needs Java 17 or newer, and .*java is Java {number}\.$"
    ):
        server.check_java()


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.2", "25-ea"])
def test_a_new_java_is_accepted(program: Program, version: str) -> None:
    """Java 17 and newer versions are accepted."""
    program("java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    server.check_java()


def test_a_java_that_fails_is_reported(program: Program) -> None:
    """If java fails instead of printing its version, the error says so."""
    program("java", "exit 1")
    with pytest.raises(server.KeycloakError, match=r"java does not tell its version\.$"):
        server.check_java()


def test_a_missing_maven_is_reported(program: Program) -> None:
    """If there is no archive and Maven is missing, the error says so."""
    with pytest.raises(
        server.KeycloakError, match=r"^Keycloak .* is fetched with Maven, and there is no mvn on the PATH"
    ):
        server.fetch()


def test_a_failed_download_is_reported(program: Program) -> None:
    """If the download fails, the error contains Maven's first error, and no file is left."""
    program("mvn", "echo '[INFO] x'; echo '[ERROR] no route to host'; echo '[ERROR] see above'; exit 1")
    with pytest.raises(server.KeycloakError, match=r"^Maven could not fetch Keycloak .*: \[ERROR\] no route to host$"):
        server.fetch()
    assert not list(server.CACHE.iterdir())


def test_a_download_that_succeeds_is_kept(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a download, the next run uses the archive and needs no Maven."""
    name = f"keycloak-quarkus-dist-{server.VERSION}.zip"
    program("mvn", f'for argument; do case $argument in -DoutputDirectory=*) >"${{argument#*=}}/{name}";; esac; done')
    archive = server.fetch()
    assert [found.name for found in server.CACHE.iterdir()] == [name]
    monkeypatch.setenv("PATH", "")
    assert server.fetch() == archive


def test_a_broken_archive_is_reported(program: Program) -> None:
    """If the archive is broken, the error says to delete it."""
    program("java", """echo 'openjdk version "17"' >&2""")
    server.CACHE.mkdir()
    (server.CACHE / f"keycloak-quarkus-dist-{server.VERSION}.zip").write_bytes(b"PK, but not whole")
    with pytest.raises(server.KeycloakError, match=r"\.zip is broken: delete it\.$"), server.running():
        raise AssertionError("it cannot run")
