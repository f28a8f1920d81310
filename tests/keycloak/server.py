"""Keycloak from Maven Central: downloaded once, started on loopback for one test run, and removed afterwards."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from attrs import field, frozen

VERSION: Final = "26.4.7"  # of Keycloak; set only here
JAVA_AT_LEAST: Final = 17
SECONDS_TO_FETCH: Final = 900
SECONDS_TO_START: Final = 300
CACHE: Final = Path(__file__).parents[2] / ".keycloak"

_NAME: Final = "keycloak-quarkus-dist"
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class KeycloakError(Exception):
    """Report in one line that Keycloak is not available."""


@frozen
class Keycloak:
    """A running Keycloak.

    Attributes:
        url: its address, including the path before `/realms`.
        admin: the username of its administrator.
        password: the password of its administrator.
    """

    url: str
    admin: str
    password: str = field(repr=False)


@contextmanager
def running() -> Iterator[Keycloak]:
    """Start an empty Keycloak that runs within the block and writes only to a temporary folder.

    Raises:
        KeycloakError: it cannot be downloaded or does not start.
    """
    check_java()
    archive = fetch()
    with tempfile.TemporaryDirectory(prefix="keycloak-") as folder:
        home = _unpack(archive, Path(folder))
        log = Path(folder) / "log.txt"
        server = Keycloak(f"http://127.0.0.1:{_free_port()}/auth", "admin", secrets.token_urlsafe(24))
        process = _start(server, home, log)
        try:
            _wait(server, process, log)
            yield server
        finally:
            _stop(process)


def check_java() -> None:
    """Check that Java is installed and new enough.

    Raises:
        KeycloakError: Java is missing or too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if java is None:
        where = f"in JAVA_HOME ({home})" if home else "on the PATH"
        raise KeycloakError(f"Keycloak needs Java {JAVA_AT_LEAST} or newer, and there is no java {where}.")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60)
    version = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if said.returncode or version is None:
        raise KeycloakError(f"Keycloak needs Java {JAVA_AT_LEAST} or newer, and {java} does not tell its version.")
    if int(version[1]) < JAVA_AT_LEAST:
        raise KeycloakError(f"Keycloak needs Java {JAVA_AT_LEAST} or newer, and {java} is Java {version[1]}.")


def fetch() -> Path:
    """Return the archive of Keycloak, and let Maven download it if no earlier run has.

    Raises:
        KeycloakError: Maven is missing or the download failed.
    """
    archive = CACHE / f"{_NAME}-{VERSION}.zip"
    if archive.exists():
        return archive
    maven = shutil.which("mvn")
    if maven is None:
        raise KeycloakError(f"Keycloak {VERSION} is fetched with Maven, and there is no mvn on the PATH.")
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        artifact = f"-Dartifact=org.keycloak:{_NAME}:{VERSION}:zip"
        command = [maven, "-B", "-C", "-q", _COPY, artifact, f"-DoutputDirectory={folder}"]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_FETCH, check=False)
        except subprocess.TimeoutExpired:
            raise KeycloakError(f"Maven did not fetch Keycloak {VERSION} in {SECONDS_TO_FETCH} s.") from None
        draft = Path(folder) / archive.name
        if ran.returncode or not draft.exists():
            reason = next((line for line in ran.stdout.splitlines() if "ERROR" in line), "it does not say why")
            raise KeycloakError(f"Maven could not fetch Keycloak {VERSION}: {reason[:300]}")
        draft.replace(archive)  # so the archive is complete or missing
    return archive


def _unpack(archive: Path, folder: Path) -> Path:
    """Unpack a copy for this run, because Keycloak writes beside its programs."""
    try:
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)
    except zipfile.BadZipFile:
        raise KeycloakError(f"{archive} is broken: delete it.") from None
    home = folder / f"keycloak-{VERSION}"
    (home / "bin" / "kc.sh").chmod(0o755)
    return home


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _start(server: Keycloak, home: Path, log: Path) -> subprocess.Popen[bytes]:
    address = httpx.URL(server.url)
    options = {
        "http-host": address.host,
        "http-port": address.port,
        "http-relative-path": address.path,
        "db": "dev-mem",
        "cache": "local",
        "log-level": "warn",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KC_", "JAVA_OPTS"))}
    environ |= {
        "KC_BOOTSTRAP_ADMIN_USERNAME": server.admin,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": server.password,
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",  # starts in two thirds of the time
    }
    command = [str(home / "bin" / "kc.sh"), "start-dev", *(f"--{name}={value}" for name, value in options.items())]
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=home,
            start_new_session=True,  # a separate process group, so that the script and Java end together
        )


def _wait(server: Keycloak, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until Keycloak answers, ends, or exceeds its time."""
    deadline = time.monotonic() + SECONDS_TO_START
    reason = f"no answer in {SECONDS_TO_START} s"
    with httpx.Client(trust_env=False, timeout=30) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                reason = f"it ended with {process.returncode}"
                break
            with suppress(httpx.TransportError):
                if http.get(f"{server.url}/realms/master/.well-known/openid-configuration").is_success:
                    return
            time.sleep(0.2)
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = next((line for line in lines if "ERROR" in line or "Error" in line), "its log tells no error")
    raise KeycloakError(f"Keycloak {VERSION} did not start: {reason}; {said.strip()[:300]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill Keycloak at once, because there is nothing to save."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
