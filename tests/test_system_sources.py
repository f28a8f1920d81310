"""Where the credentials of the ready-made systems come from: one source, whole, and never shown."""

from __future__ import annotations

import json
import logging
import re
import traceback
from pathlib import Path
from typing import Any

import pytest

from css_sdk import AuthenticationError, ConfigurationError
from css_sdk.sandbox import Sandbox
from css_sdk.systems import System
from tests.system_calls import CALLS, lead_to


@pytest.fixture(autouse=True)
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that lead to the sandbox in process, for all three systems."""
    lead_to(sandbox, monkeypatch)


GIVEN: dict[str, dict[str, str]] = {
    "css": {"client_id": "me", "client_secret": "hush-5a1f"},
    "cern": {"client_id": "me", "client_secret": "hush-5a1f"},
    "bss": {"client_key": "me", "client_secret": "hush-5a1f", "username": "robot", "password": "hush-5a1f"},
}


def no_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for credential in GIVEN[name]:
        monkeypatch.delenv(f"{name.upper()}_{credential.upper()}")


@pytest.mark.parametrize("name", GIVEN)
def test_half_a_source_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments and variables alike, each error naming what lacks and where it may come from."""
    make, given, file = CALLS[name][0], GIVEN[name], f"{name.upper()}_CREDENTIALS_FILE"
    for lacking in given:
        variable = f"{name.upper()}_{lacking.upper()}"
        with pytest.raises(ConfigurationError, match=rf"^{lacking}= is missing\. .*{variable}.*{file}") as told:
            make(**{key: value for key, value in given.items() if key != lacking})
        assert "hush" not in str(told.value)
        with monkeypatch.context() as patch:
            patch.delenv(variable)
            with pytest.raises(ConfigurationError, match=rf"^{variable} is missing. .*{file}"):
                make()
    first, *others = given
    with pytest.raises(ConfigurationError) as told:
        make(**{first: "me"})
    lacks, found, _ = str(told.value).partition(" missing. ")
    assert found
    assert re.findall(r"\w+(?==)", lacks) == others
    no_variables(monkeypatch, name)
    with pytest.raises(
        ConfigurationError, match=rf"^There are no credentials\. Set {name.upper()}_CLIENT.*, or set {file} to "
    ):
        make()


@pytest.mark.parametrize("variable", ["CSS_API_URL", "CSS_TOKEN_URL", "CERN_API_URL", "CERN_TOKEN_URL", "BSS_HOST"])
def test_plain_http_goes_no_further_than_this_machine(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no error speaks of an argument that a system does not have."""
    monkeypatch.setenv(variable, "http://elsewhere.example/x")
    with pytest.raises(ConfigurationError, match=r"plain http to elsewhere\.example, .* Use https\.$"):
        CALLS[variable.partition("_")[0].lower()][0]()


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_no_text_is_refused(name: str) -> None:
    """The error is one of css-sdk, for every argument."""
    given = {**GIVEN[name], **({"host": "https://bss.example"} if name == "bss" else {})}
    for argument in [*given, "token_url", "base_url", *(["audience"] if name == "cern" else [])]:
        for value in (5, ["https://api.example"]):
            with pytest.raises(ConfigurationError):
                CALLS[name][0](**{**given, "base_url": "https://api.example", argument: value})


@pytest.mark.parametrize("name", ["cern", "bss"])
def test_a_file_is_read_when_no_variable_is_set(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Its own address counts, or the variable where it has none, but not both; a variable goes before the file."""
    make, path, _ = CALLS[name]
    environment: dict[str, str] = getattr(sandbox, f"{name}_environment")()
    keys = {"client_id": "clientId", "client_secret": "clientSecret", "client_key": "clientKey"}
    content = {keys.get(key, key): environment[f"{name.upper()}_{key.upper()}"] for key in GIVEN[name]}
    variable, key = ("CERN_TOKEN_URL", "tokenUrl") if name == "cern" else ("BSS_HOST", "host")
    file = tmp_path / "credentials.json"

    def write(**others: str) -> None:
        file.write_text(json.dumps(content | others), encoding="utf-8")
        file.chmod(0o600)

    write()
    monkeypatch.setenv(f"{name.upper()}_CREDENTIALS_FILE", str(file))
    file.write_text("{", encoding="utf-8")
    make()
    no_variables(monkeypatch, name)
    with pytest.raises(ConfigurationError, match="is not JSON"):
        make()
    write(**{key: environment[variable]})
    with pytest.raises(ConfigurationError, match=f"{variable} is set, and the file of {name.upper()}_CREDENTIALS_FILE"):
        make()
    write()
    assert make().token(transport=sandbox.transport()).secret
    write(**{key: environment[variable]})
    monkeypatch.delenv(variable)
    with make().client(transport=sandbox.transport()) as client:
        assert client.get(path).status_code == 200
    write(clientSecret="")
    with pytest.raises(ConfigurationError, match="lacks clientSecret"):
        make()


def test_no_secret_is_shown(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """Not by a system, nor by its errors, the locals of their frames, or the log, where httpx stays silent."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for name, given in GIVEN.items():
        addresses = {} if name != "bss" else {"host": "http://localhost/bss"}
        for changed in ({}, {"base_url": "http://elsewhere.example"}, {"client_secret": ""}, {"token_url": "x"}):
            try:
                system: System = CALLS[name][0](**{**given, **addresses, **changed})
                shown += [repr(system), str(vars(system.auth))]
                with system.client(transport=sandbox.transport()) as client:
                    client.get("x")
            except (ConfigurationError, AuthenticationError) as error:
                ours = error.__traceback__ and error.__traceback__.tb_next
                frames = traceback.TracebackException(type(error), error, ours, capture_locals=True)
                shown += [str(error), *[str(line) for line in frames.format() if "tests/" not in line]]
    assert "hush" not in "".join(shown)
    assert "HTTP Request" not in caplog.text
    assert "hush" not in caplog.text
