"""Find the credentials and addresses of a system: in arguments, in variables or in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import ConfigurationError
from ..settings import Secret, argument_name, as_secret, check_whole, file_key, read_credentials, variables_of


def given_credentials(system: str, credentials: Mapping[str, str | Secret | None]) -> dict[str, Secret]:
    """The credentials among the arguments, covered; empty when there are none.

    Raises:
        ConfigurationError: when there are only some.
    """
    if all(value is None for value in credentials.values()):
        return {}
    given = {name: as_secret("" if value is None else value) for name, value in credentials.items()}
    check_whole(
        given,
        "{}=".format,
        f"Give all of them, or none: then {', '.join(f'{system}_{name.upper()}' for name in given)} are read, or the "
        f"file that {system}_CREDENTIALS_FILE names.",
    )
    return given


class Source:
    """Where the credentials of a system come from: arguments, else the environment, else a file; one of them, whole.

    Addresses may be told beside the variables and beside the file, but not twice.

    Args:
        system: what its variables begin with.
        credentials: those among the arguments, by name.
        addresses: the names of addresses that the environment or the file may tell.

    Raises:
        ConfigurationError: when there is none, or one is half filled in.
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
                    f"{system}_{name.upper()} stands beside {system}_CREDENTIALS_FILE, whose own {file_key(name)} "
                    f"counts. Unset one of the two."
                )
        self._found = {name: inside[file_key(name)] or value for name, value in self._found.items()}

    def name_of(self, name: str) -> str:
        """Return what a message calls a credential or an address, so that a reader finds where it was set."""
        if self._system == "BSS":
            name = {"client_id": "client_key", "token_url": "host"}.get(name, name)
        if self._is_given:
            return argument_name(name)
        return f"{file_key(name)} in {self._file}" if self._file else f"{self._system}_{name.upper()}"

    def secret(self, name: str) -> Secret:
        """A credential, covered."""
        return self._found[name]

    def text(self, name: str) -> str:
        """A credential that is no secret."""
        return self._found[name].reveal()

    def address(self, name: str) -> str | None:
        """An address that the source tells, if it does."""
        return self._found[name].reveal() or None if name in self._found else None
