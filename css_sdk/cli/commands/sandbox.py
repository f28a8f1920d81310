"""`css sandbox`. Its options are defined in `css_sdk.sandbox.command`."""

from __future__ import annotations

from typing import Any

import click

from ...sandbox.command import options, serve
from ..support.request_options import is_quiet


@click.command()
@options
def sandbox(**given: Any) -> None:
    """Run a CSS API and its login server in memory, with made-up people.

    When the sandbox is ready, it prints one line of JSON with addresses and credentials. To see its data and the
    requests that it has received, open its address in a browser. To stop the sandbox, press Ctrl-C.

    \b
    Examples:
      css sandbox --port 0 --env-file sandbox.env
      . ./sandbox.env        (in another terminal)
      css sandbox --people 5000 --integrations 20 --seed 7
    """
    serve(**given, instruct=not is_quiet())
