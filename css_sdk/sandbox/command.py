"""Serve a sandbox from the command line until a signal stops it, and define the options of the command."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click

from .errors import SandboxError
from .sandbox import Sandbox
from .serving import control
from .serving.hosts import is_loopback
from .world import files
from .world.generator import MOST, make_world

HOST: Final = "127.0.0.1"
PORT: Final = 9080
VARIABLES: Final = ("client_id", "client_secret", "token_url", "api_url")
WARNING: Final = """\
************************************************************************
WARNING: the sandbox listens on {host}, not only on this machine.
Everyone who reaches this machine can read the sandbox, change it and get
tokens from it. Use made-up data only, and stop it when you are done.
************************************************************************
"""


def run(
    world: Mapping[str, Any] | str | Path | None = None,
    port: int = PORT,
    state: str | Path | None = None,
    *,
    host: str = HOST,
    names: Iterable[str] = (),
    ready: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT. Call this function in the main thread.

    When the sandbox is ready, it prints one line, a JSON object:

    - `url`: the address of a page that shows the sandbox.
    - `api_url`, `token_url`, `client_id`, `client_secret`: what a client of the first API account needs.
    - `api_accounts`: the `team`, `client_id` and `client_secret` of each API account.
    - `control`: the `url` of the calls that control the sandbox, and the `headers` that these calls need.
    - `cern`, `bss`: the environment variables for clients of these systems, if the world has them.

    Args:
        world: a document, the path of a world file, or None for the built-in world.
        port: 0 for any free port.
        state: a file that keeps roles and members. If the file does not exist, it is created.
        host: the address to listen on. If other machines can reach the address, a warning is printed on stderr.
        names: further host names under which clients call the sandbox.
        ready: a function that is called with the JSON object. If given, the line is not printed.

    Raises:
        SandboxError: a file cannot be read or is not valid, the state file cannot be written, or the server cannot
            listen on this host and port.
        MissingExtra: the libraries of the server are not installed.
    """
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        sandbox = Sandbox(world, state=state)
        with sandbox.serve(port, host, names) as server:
            accounts = [
                {"team": team.id, "client_id": team.client_id, "client_secret": team.client_secret}
                for team in sandbox.world.teams.values()
            ]
            line: dict[str, Any] = {"url": f"{server.origin}/", **server.credentials(), "api_accounts": accounts}
            line["control"] = {"url": server.origin + control.PATH, "headers": {control.HEADER: "1"}}
            if sandbox.world.cern.applications:
                line["cern"] = server.cern_environment()
            if sandbox.world.bss.users:
                line["bss"] = server.bss_environment()
            if not is_loopback(host):
                click.echo(WARNING.format(host=host), err=True, nl=False)
            (ready or _print_line)(line)
            while not stop.wait(0.5):  # a timeout, because on Windows no signal interrupts a wait without one
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_line(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201


_OPTIONS: Final = (
    click.option(
        "--world",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="JSON file with teams, integrations and users. Default: a small built-in example.",
    ),
    click.option("--people", type=click.IntRange(0, MOST), metavar="N", help="Number of people in a made-up world."),
    click.option(
        "--integrations",
        type=click.IntRange(1, MOST),
        metavar="N",
        help="Number of integrations in a made-up world.",
    ),
    click.option(
        "--seed",
        type=int,
        metavar="N",
        help="Seed of the made-up world. The same seed and numbers make the same world.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=PORT,
        show_default=True,
        metavar="PORT",
        help="Port to listen on. 0 means any free port.",
    ),
    click.option(
        "--host",
        default=HOST,
        show_default=True,
        metavar="ADDRESS",
        help="Address to listen on. With 0.0.0.0, other machines and containers can connect.",
    ),
    click.option(
        "--allow-host",
        "names",
        metavar="NAME",
        multiple=True,
        help="Further host name to answer to, such as the name of a container. Can be given several times.",
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="File that keeps roles and members across restarts.",
    ),
    click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write a shell script to this file. It sets the variables for css.",
    ),
)


def options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a click command the options of `serve`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def serve(
    *,
    world: Path | None,
    people: int | None,
    integrations: int | None,
    seed: int | None,
    port: int,
    host: str,
    names: tuple[str, ...],
    state: Path | None,
    env_file: Path | None,
    instruct: bool = True,
) -> None:
    """Serve a sandbox until a signal stops it. The arguments are the options of the command.

    If `instruct` is true and a person reads the output at a terminal, also print what to do next and how to stop.
    """
    numbers = {"people": people, "integrations": integrations, "seed": seed}
    given = {name: number for name, number in numbers.items() if number is not None}
    if given and world is not None:
        raise click.UsageError(f"--world and --{next(iter(given))} cannot be used together: pass one of them.")

    def ready(line: dict[str, Any]) -> None:
        if env_file is not None:
            _write_variables(line, env_file)
        _print_line(line)
        if instruct and sys.stdout.isatty():
            click.echo(next_steps(line, env_file, state, shell="powershell" if os.name == "nt" else "sh"), err=True)

    try:
        run(make_world(**given) if given else world, port, state, host=host, names=names, ready=ready)
    except SandboxError as error:
        raise click.ClickException(str(error)) from None


def _write_variables(line: Mapping[str, Any], file: Path) -> None:
    variables = {f"CSS_{name.upper()}": line[name] for name in VARIABLES} | line.get("cern", {}) | line.get("bss", {})
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    files.exists(file)
    try:
        files.replace(file, "".join(lines).encode())
    except OSError as error:
        raise SandboxError(
            f"the variables cannot be written to {file}: {error.strerror}; name another file with --env-file"
        ) from error


def next_steps(line: Mapping[str, Any], env_file: Path | None, state: Path | None, shell: str) -> str:
    """Return what a person at a terminal can do now, and how to stop the sandbox.

    `line` is the object that the sandbox printed. `shell` is `sh` or `powershell`.
    """
    if env_file is not None and shell == "sh":
        path = shlex.quote(str(env_file if env_file.is_absolute() else Path() / env_file))
        variables = [f". {path if '/' in path else f'./{path}'}"]
    else:
        form = "export {}={}" if shell == "sh" else "$env:{} = {}"
        quote = shlex.quote if shell == "sh" else lambda value: "'{}'".format(value.replace("'", "''"))
        variables = [form.format(f"CSS_{name.upper()}", quote(line[name])) for name in VARIABLES]
    kept = "are then lost" if state is None else f"stay in {state}"
    return "\n".join(
        (
            "",
            f"The sandbox is ready. Open {line['url']} to see its roles, people and requests.",
            "To use it, run these lines in another terminal:",
            *(f"  {text}" for text in (*variables, "css integrations")),
            f"Ctrl-C stops the sandbox. The changes to roles and members {kept}.",
        )
    )
