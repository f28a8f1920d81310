"""A minimal command line of six commands, whose `--help` is the reference for `css --help`."""

from __future__ import annotations

import click


@click.group()
def bare() -> None:
    """Do one of six things."""


for _name in ("one", "two", "three", "four", "five", "six"):
    bare.command(_name, help=f"Do the thing {_name}.")(lambda: None)

if __name__ == "__main__":
    bare()
