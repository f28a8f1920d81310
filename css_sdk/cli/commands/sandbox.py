"""`css sandbox`."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path

import click

_VARIABLES = ("client_id", "client_secret", "token_url", "api_url")


class _Ready(io.StringIO):
    """Write the variables of the sandbox to a file, then print on stdout that the sandbox is ready."""

    def __init__(self, env_file: Path | None) -> None:
        super().__init__()
        self._env_file = env_file

    def write(self, text: str) -> int:
        if self._env_file is not None and text.strip():
            ready = json.loads(text)
            variables = {f"CSS_{name.upper()}": ready[name] for name in _VARIABLES}
            variables |= {**ready.get("cern", {}), **ready.get("bss", {})}
            lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
            self._write("".join(lines), self._env_file)
        return sys.stdout.write(text)

    def _write(self, text: str, file: Path) -> None:
        from ...sandbox import SandboxError
        from ...sandbox.world import files

        files.exists(file)
        try:
            files.replace(file, text.encode())
        except OSError as error:
            raise SandboxError(
                f"the variables cannot be written to {file}: {error.strerror}; name another file with --env-file"
            ) from error

    def flush(self) -> None:
        sys.stdout.flush()


@click.command()
@click.option(
    "--world",
    type=click.Path(path_type=Path),
    help="JSON file with teams, integrations and users. Default: made-up ones.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9080,
    show_default=True,
    help="Port to listen on. 0 means any free port.",
)
@click.option("--state", type=click.Path(path_type=Path), help="File that keeps roles and members across restarts.")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    help="Write a shell script to this file. It sets the variables for css.",
)
def sandbox(world: Path | None, port: int, state: Path | None, env_file: Path | None) -> None:
    """Run a CSS API and its login server in memory, with made-up people.

    When it is ready, it prints one line of JSON with addresses and credentials. Ctrl-C stops it.

    \b
    Example:
      css sandbox --port 0 --env-file sandbox.env
      . ./sandbox.env        (in another terminal)
    """
    from ...sandbox import SandboxError, run

    try:
        run(world=world, port=port, state=state, out=_Ready(env_file))
    except SandboxError as error:
        raise click.ClickException(str(error)) from None
