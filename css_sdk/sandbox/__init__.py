"""Run the CSS API and its login servers in memory, for tests, demos and notebooks.

The sandbox answers as the service does, oddities included. It imports nothing from the rest of css-sdk: if both shared
a mistake, no test would find it.

    >>> from css_sdk.sandbox import Sandbox
    >>> sandbox = Sandbox()
    >>> sandbox.members(101, "dev", "admin")
    ['d6dff8c2546921b01198b4efd12cb3bc@idir']

In process: `httpx.Client(transport=sandbox.transport())`. On a socket: `with sandbox.serve() as server`, or
`python -m css_sdk.sandbox`.

Start reading at `sandbox`. It uses four packages, and each may import only those after it: `serving` (transports,
the server, faults), `api` (the calls of the CSS API), `login` (tokens), `world` (what exists). All of them may
import `http`, `javascript`, `journal` and `errors`.
"""

from .command import run
from .errors import MissingExtra, SandboxError
from .journal import Entry, Harm
from .sandbox import Sandbox
from .serving.faults import Fault
from .world.generator import make_world

__all__ = ["Entry", "Fault", "Harm", "MissingExtra", "Sandbox", "SandboxError", "make_world", "run"]
