"""The credentials of each preset system come from one complete source and are never shown."""

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
    """Set the variables that lead to the sandbox in process, for all three systems."""
    lead_to(sandbox, monkeypatch)


GIVEN: dict[str, dict[str, str]] = {
    "css": {"client_id": "me", "client_secret": "hush-5a1f"},
    "cern": {"client_id": "me", "client_secret": "hush-5a1f"},
    "bss": {"client_key": "me", "client_secret": "hush-5a1f", "username": "robot", "password": "hush-5a1f"},
}


def no_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Remove the variables with the credentials of a system."""
    for credential in GIVEN[name]:
        monkeypatch.delenv(f"{name.upper()}_{credential.upper()}")


@pytest.mark.parametrize("name", GIVEN)
def test_incomplete_credentials_of_a_system_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If arguments or variables of a system are incomplete, the error names what is missing and where
    it may come from.
    """
    make, given, file = CALLS[name][0], GIVEN[name], f"{name.upper()}_CREDENTIALS_FILE"
    for lacking in given:
        variable = f"{name.upper()}_{lacking.upper()}"
        with pytest.raises(ConfigurationError, match=rf"^{lacking}= is missing\. .*{variable}.*{file}") as caught:
            make(**{key: value for key, value in given.items() if key != lacking})
        assert "hush" not in str(caught.value)
        with monkeypatch.context() as patch:
            patch.delenv(variable)
            with pytest.raises(ConfigurationError, match=rf"^{variable} is missing. .*{file}"):
                make()
    first, *others = given
    with pytest.raises(ConfigurationError) as caught:
        make(**{first: "me"})
    lacks, found, _ = str(caught.value).partition(" missing. ")
    assert found
    assert re.findall(r"\w+(?==)", lacks) == others
    no_variables(monkeypatch, name)
    with pytest.raises(
        ConfigurationError, match=rf"^There are no credentials\. Set {name.upper()}_CLIENT.*, or set {file} to "
    ):
        make()


@pytest.mark.parametrize("variable", ["CSS_API_URL", "CSS_TOKEN_URL", "CERN_API_URL", "CERN_TOKEN_URL", "BSS_HOST"])
def test_plain_http_to_another_machine_is_refused_for_systems(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http to another machine is refused for each system, and the error names no argument that
    the system lacks.
    """
    monkeypatch.setenv(variable, "http://elsewhere.example/x")
    with pytest.raises(ConfigurationError, match=r"plain http to elsewhere\.example, .* Use https\.$"):
        CALLS[variable.partition("_")[0].lower()][0]()


@pytest.mark.parametrize("name", GIVEN)
def test_arguments_of_a_system_that_are_not_text_are_refused(name: str) -> None:
    """An argument of a system that is not text raises `ConfigurationError`."""
    given = {**GIVEN[name], **({"host": "https://bss.example"} if name == "bss" else {})}
    for argument in [*given, "token_url", "base_url", *(["audience"] if name == "cern" else [])]:
        for value in (5, ["https://api.example"]):
            with pytest.raises(ConfigurationError):
                CALLS[name][0](**{**given, "base_url": "https://api.example", argument: value})


@pytest.mark.parametrize("name", ["cern", "bss"])
def test_the_credentials_file_of_a_system_is_read_if_no_variable_is_set(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    """A system reads its credentials file only if no variable sets credentials. The address comes from the file or a
    variable.
    """
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
    with pytest.raises(ConfigurationError, match="is not a JSON object"):
        make()
    write(**{key: environment[variable]})
    with pytest.raises(ConfigurationError, match=f"{variable} is set, and the credentials file .* sets {key} as well"):
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
    """No repr of a system, no error with its local variables and no log line shows a secret, and httpx logs nothing."""
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
