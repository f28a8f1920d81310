"""A program: the least that a command line of six commands can be, whose `--help` is a reference."""

from __future__ import annotations

import click


@click.group()
def bare() -> None:
    """Do one of six things."""


for _name in ("one", "two", "three", "four", "five", "six"):
    bare.command(_name, help=f"Do the thing {_name}.")(lambda: None)

if __name__ == "__main__":
    bare()
