"""The options that every command takes: how much to print on stderr, and how to send requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from .defaults import found_defaults, given_options, given_profile


def is_quiet() -> bool:
    """Return whether the command must print only results, errors and questions."""
    return bool(given_options().get("quiet"))


def is_verbose() -> bool:
    """Return whether the command prints a line for each request. A progress bar would garble these lines."""
    return bool(given_options().get("verbose"))


def given_timeout(*, or_default: bool = True) -> dict[str, Any]:
    """Return the value of `--timeout` as an option of an httpx client; empty if there is none.

    Args:
        or_default: whether the default of the project or the profile counts if the option is not given.
    """
    timeout = given_options().get("timeout") or (found_defaults().get("timeout") if or_default else None)
    return {} if timeout is None else {"timeout": timeout}


def client_options() -> dict[str, Any]:
    """Return the options of `Css.from_env` that `--profile`, `--timeout` and `--retries` set."""
    options: dict[str, Any] = given_timeout()
    if options:
        options["deadline"] = options["timeout"]
    options["profile"] = given_profile()
    if "retries" in given_options():
        from ... import Backoff

        options["retry"] = Backoff(tries=given_options()["retries"] + 1)
    return options


def add_request_options(command: click.Command) -> click.Command:
    """Add the request options to a command and its subcommands. Only `css --help` lists them."""
    if not any(option.name == "verbose" for option in command.params):
        command.params += request_options(hidden=True)
        for each in command.commands.values() if isinstance(command, click.Group) else ():
            add_request_options(each)
    return command


def request_options(*, hidden: bool = False) -> list[click.Parameter]:
    """Return the options, for `params` of a command."""

    def option(*names: str, **settings: Any) -> click.Parameter:
        return click.Option(names, expose_value=False, hidden=hidden, callback=_keep, **settings)

    return [
        option(
            "-v",
            "--verbose",
            count=True,
            help="Print each request on stderr: method, path, status, milliseconds. -vv adds time and thread.",
        ),
        option("-q", "--quiet", is_flag=True, help="On stderr, print only errors and questions."),
        option(
            "--profile",
            metavar="NAME",
            shell_complete=completes("profiles"),
            help="Use this profile of your config file. Default: CSS_PROFILE. To see it, run: css config show",
        ),
        option(
            "--timeout",
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Stop an attempt of a request after this time. Default: 120.",
        ),
        option(
            "--retries",
            type=click.IntRange(0, 20),
            metavar="N",
            help="After a temporary failure, repeat the request up to N times. Default: 3.",
        ),
    ]


def completes(what: str) -> Callable[..., Any]:
    """Return a function that completes values in a shell.

    Args:
        what: the kind of values: "integrations", "environments", "roles" or "profiles".
    """

    def complete(context: click.Context, option: click.Parameter, incomplete: str) -> Any:
        from . import completion

        return getattr(completion, f"complete_{what}")(context, option, incomplete)

    return complete


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    if value is None or value is False or (option.name == "verbose" and not value):
        return  # a number 0 is kept, because `--retries 0` is a valid choice
    given = given_options()
    if option.name == "verbose":
        if "verbose" not in given:
            context.find_root().with_resource(_printed_log(given))
        value += given.get("verbose", 0)
    if option.name == "quiet" and "quiet" not in given:
        context.find_root().with_resource(_silent_log())
    given[option.name] = value
    if {"verbose", "quiet"} <= given.keys():
        raise click.UsageError("Pass -v or -q, not both.")


@contextmanager
def _silent_log() -> Iterator[None]:
    """Do not let Python print the warnings of css-sdk. If a program has its own log handlers, they still get them."""
    import logging

    log, silent = logging.getLogger("css_sdk"), logging.NullHandler()
    log.addHandler(silent)
    try:
        yield
    finally:
        log.removeHandler(silent)


@contextmanager
def _printed_log(given: dict[str, Any]) -> Iterator[None]:
    """Print the log of css-sdk on stderr, in more detail if `-v` was given twice."""
    import logging

    from ..._text.escaping import shown

    short, long = logging.Formatter("%(message)s"), logging.Formatter("%(asctime)s %(threadName)s %(message)s")

    class Printer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            form = long if given["verbose"] > 1 else short
            click.echo(shown(form.format(record)), err=True)

    log, printer = logging.getLogger("css_sdk"), Printer()
    before = log.level
    log.addHandler(printer)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(printer)
