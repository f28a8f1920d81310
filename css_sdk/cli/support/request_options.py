"""The options that every command takes: how much to print on stderr, and how to send requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from .defaults import found_defaults, given_options, given_profile


def is_quiet() -> bool:
    """Return whether `--quiet` is given. The command then prints only results, errors and questions."""
    return bool(given_options().get("quiet"))


def is_verbose() -> bool:
    """Return whether `--verbose` is given. The command then prints a line for each request, and no progress bar."""
    return bool(given_options().get("verbose"))


def given_timeout(*, or_default: bool = True) -> dict[str, Any]:
    """Return the value of `--timeout` as the argument `timeout` of a client. Without a value, return {}.

    If `or_default` is true and the option is not given, use the default from variables, css.toml or the profile.
    """
    timeout = given_options().get("timeout") or (found_defaults().get("timeout") if or_default else None)
    return {} if timeout is None else {"timeout": timeout}


def client_options() -> dict[str, Any]:
    """Return the arguments for `Css.from_env` that `--profile`, `--timeout` and `--retries` set."""
    options: dict[str, Any] = given_timeout()
    if options:
        options["deadline"] = options["timeout"]
    options["profile"] = given_profile()
    if "retries" in given_options():
        from ... import Backoff

        options["retry"] = Backoff(tries=given_options()["retries"] + 1)
    return options


def add_request_options(command: click.Command) -> click.Command:
    """Add the request options to a command and its subcommands, but not to their help. Return the command."""
    if not any(option.name == "verbose" for option in command.params):
        command.params += request_options(hidden=True)
        for each in command.commands.values() if isinstance(command, click.Group) else ():
            add_request_options(each)
    return command


def request_options(*, hidden: bool = False) -> list[click.Parameter]:
    """Return the request options as click parameters. If `hidden` is true, help leaves them out."""

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
            help="Use this profile of your config file. Default: CSS_PROFILE. To see the file, run: css config show",
        ),
        option(
            "--timeout",
            type=number(click.FloatRange(0, min_open=True), "a number of seconds above 0"),
            metavar="SECONDS",
            help="Stop an attempt of a request after this time. Default: 120.",
        ),
        option(
            "--retries",
            type=number(click.IntRange(0, 20), "a whole number from 0 to 20"),
            metavar="N",
            help="After a temporary failure, repeat the request up to N times, 20 at most. Default: 3.",
        ),
    ]


def number(limits: click.IntRange | click.FloatRange, words: str) -> Callable[[Any], Any]:
    """Return the type of an option that takes a number within limits. `words` describe the numbers, for the error."""

    def convert(value: Any) -> Any:
        try:
            return limits.convert(value, None, None)
        except click.BadParameter:
            raise click.BadParameter(f"'{value}' is not {words}.") from None

    return convert


def completes(what: str) -> Callable[..., Any]:
    """Return a function that completes values in a shell.

    `what` is the kind of values: "integrations", "environments", "roles" or "profiles".
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
        raise click.UsageError("-v and -q cannot be used together: pass one of them.")


@contextmanager
def _silent_log() -> Iterator[None]:
    """Keep Python from printing the warnings of css-sdk.

    If a program has its own log handlers, these handlers still get the warnings.
    """
    import logging

    log, silent = logging.getLogger("css_sdk"), logging.NullHandler()
    log.addHandler(silent)
    try:
        yield
    finally:
        log.removeHandler(silent)


@contextmanager
def _printed_log(given: dict[str, Any]) -> Iterator[None]:
    """Print the log of css-sdk on stderr. With `-vv`, add the time and the thread to each line."""
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
