"""Find the credentials and addresses of a system: in arguments, in variables or in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import ConfigurationError
from ..settings import Secret, argument_name, as_secret, check_whole, file_key, read_credentials, variables_of


def given_credentials(system: str, credentials: Mapping[str, str | Secret | None]) -> dict[str, Secret]:
    """Return the credentials among the arguments as secrets; empty if there are none.

    Raises:
        ConfigurationError: some are given and others are missing.
    """
    if all(value is None for value in credentials.values()):
        return {}
    given = {name: as_secret("" if value is None else value) for name, value in credentials.items()}
    check_whole(
        given,
        "{}=".format,
        f"Pass all of them, or none. Without them, {', '.join(f'{system}_{name.upper()}' for name in given)} or the "
        f"file of {system}_CREDENTIALS_FILE are used.",
    )
    return given


class Source:
    """Find the credentials of a system in one complete source: arguments, else variables, else a file.

    Addresses may be set in variables or in the file, but not in both.

    Args:
        system: the prefix of its variables.
        credentials: the arguments, by name.
        addresses: the names of addresses that variables or the file may set.

    Raises:
        ConfigurationError: no source is set, or one is incomplete.
    """

    def __init__(self, system: str, credentials: Mapping[str, str | Secret | None], addresses: Sequence[str]) -> None:
        self._system, self._file = system, ""
        self._found = given_credentials(system, credentials)
        self._is_given = bool(self._found)
        if self._is_given:
            return
        self._found, file = variables_of(system, tuple(credentials), addresses)
        if not file:
            return
        self._file = file
        inside = read_credentials(file, [*map(file_key, credentials)], [*map(file_key, addresses)])
        for name in addresses:
            if self._found[name] and inside[file_key(name)]:
                raise ConfigurationError(
                    f"{system}_{name.upper()} is set, and the file of {system}_CREDENTIALS_FILE sets {file_key(name)} "
                    f"as well. Remove one of the two."
                )
        self._found = {name: inside[file_key(name)] or value for name, value in self._found.items()}

    def name_of(self, name: str) -> str:
        """Return what a message calls a credential or an address: the argument, variable or file key that sets it."""
        if self._system == "BSS":
            name = {"client_id": "client_key", "token_url": "host"}.get(name, name)
        if self._is_given:
            return argument_name(name)
        return f"{file_key(name)} in {self._file}" if self._file else f"{self._system}_{name.upper()}"

    def secret(self, name: str) -> Secret:
        """Return a credential as a secret."""
        return self._found[name]

    def text(self, name: str) -> str:
        """Return a credential that is not a secret."""
        return self._found[name].reveal()

    def address(self, name: str) -> str | None:
        """Return an address, if the source sets it."""
        return self._found[name].reveal() or None if name in self._found else None
