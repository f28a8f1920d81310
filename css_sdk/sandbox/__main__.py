"""Run `python -m css_sdk.sandbox`, which is `css sandbox` without the rest of css-sdk."""

from __future__ import annotations

import sys
from typing import Any

import click

from .command import options, serve


@click.command()
@options
def sandbox(**given: Any) -> None:
    """Run a CSS API and its login server in memory, with made-up people."""
    serve(**given)


def main() -> int:
    """Read the arguments and serve. Return 64 if an option is not valid or the sandbox cannot start, otherwise 0."""
    try:
        sandbox.main(prog_name="python -m css_sdk.sandbox", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"css sandbox: {error.format_message()}", err=True)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())
