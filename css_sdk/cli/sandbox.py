"""`css sandbox`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--world", type=click.Path(path_type=Path), help="JSON file with teams, integrations and users.")
@click.option("--port", type=click.IntRange(0, 65535), default=9080, show_default=True, help="0 for any free port.")
@click.option("--state", type=click.Path(path_type=Path), help="File that keeps the state across restarts.")
def sandbox(world: Path | None, port: int, state: Path | None) -> None:
    """Run a CSS API with its login server, in memory, to try things on.

    Prints one line of JSON with addresses and credentials when it is ready, and stops on SIGTERM or Ctrl-C.

    \b
    Example:
      css sandbox --port 0
    """
    from ..sandbox import SandboxError, run

    try:
        run(world=world, port=port, state=state)
    except SandboxError as error:
        raise click.ClickException(str(error)) from None
