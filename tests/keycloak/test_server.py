"""If Keycloak is not available, one line says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keycloak import server

pytestmark = pytest.mark.keycloak

Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a program on a PATH that holds nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(server, "CACHE", tmp_path / "cache")

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    return put


def test_no_java(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the PATH, nor where JAVA_HOME points."""
    with pytest.raises(
        server.KeycloakError, match=r"^Keycloak needs Java 17 or newer, and there is no java on the PATH"
    ):
        server.check_java()
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(server.KeycloakError, match=r"there is no java in JAVA_HOME \(/nowhere\)\.$"):
        server.check_java()


@pytest.mark.parametrize(("version", "number"), [("1.8.0_402", "8"), ("11.0.22", "11")])
def test_a_java_that_is_too_old(program: Program, version: str, number: str) -> None:
    """The message names the version."""
    program("java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    with pytest.raises(
        server.KeycloakError, match=rf"^Keycloak needs Java 17 or newer, and .*java is Java {number}\.$"
    ):
        server.check_java()


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.2", "25-ea"])
def test_a_java_that_will_do(program: Program, version: str) -> None:
    """From 17 on."""
    program("java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    server.check_java()


def test_a_java_that_does_not_work(program: Program) -> None:
    """It ends with an error instead of its version."""
    program("java", "exit 1")
    with pytest.raises(server.KeycloakError, match=r"java does not tell its version\.$"):
        server.check_java()


def test_no_maven(program: Program) -> None:
    """Without the archive, Maven is needed."""
    with pytest.raises(
        server.KeycloakError, match=r"^Keycloak .* is fetched with Maven, and there is no mvn on the PATH"
    ):
        server.fetch()


def test_a_download_that_fails(program: Program) -> None:
    """The message shows Maven's first error, and no file is left behind."""
    program("mvn", "echo '[INFO] x'; echo '[ERROR] no route to host'; echo '[ERROR] see above'; exit 1")
    with pytest.raises(server.KeycloakError, match=r"^Maven could not fetch Keycloak .*: \[ERROR\] no route to host$"):
        server.fetch()
    assert not list(server.CACHE.iterdir())


def test_a_download_that_succeeds_is_kept(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run needs no Maven."""
    name = f"keycloak-quarkus-dist-{server.VERSION}.zip"
    program("mvn", f'for argument; do case $argument in -DoutputDirectory=*) >"${{argument#*=}}/{name}";; esac; done')
    archive = server.fetch()
    assert [found.name for found in server.CACHE.iterdir()] == [name]
    monkeypatch.setenv("PATH", "")
    assert server.fetch() == archive


def test_a_broken_archive(program: Program) -> None:
    """It is named, and to be deleted."""
    program("java", """echo 'openjdk version "17"' >&2""")
    server.CACHE.mkdir()
    (server.CACHE / f"keycloak-quarkus-dist-{server.VERSION}.zip").write_bytes(b"PK, but not whole")
    with pytest.raises(server.KeycloakError, match=r"\.zip is broken: delete it\.$"), server.running():
        raise AssertionError("it cannot run")
