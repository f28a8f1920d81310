"""Run the CSS API and its login servers in memory, for tests, demos and notebooks.

The sandbox answers as the real service does, and makes the same mistakes. It imports nothing from the rest of css-sdk.
Otherwise a mistake in shared code would be on both sides, and no test would find it.

    >>> from css_sdk.sandbox import Sandbox
    >>> sandbox = Sandbox()
    >>> sandbox.members(101, "dev", "admin")
    ['d6dff8c2546921b01198b4efd12cb3bc@idir']

In process: `httpx.Client(transport=sandbox.transport())`.
On a socket: `with sandbox.serve() as server`, or `python -m css_sdk.sandbox`.

Start reading at `sandbox`. It uses four packages:

- `serving`: transports, the server, and faults.
- `api`: the calls of the CSS API.
- `login`: tokens.
- `world`: teams, integrations, people, roles and grants.

Each package may import only the packages below it in this list. All of them may import `http`, `javascript`, `journal`
and `errors`.
"""

from .command import run
from .errors import MissingExtra, SandboxError
from .journal import Entry, Harm
from .sandbox import Sandbox
from .serving.faults import Fault
from .world.generator import make_world

__all__ = ["Entry", "Fault", "Harm", "MissingExtra", "Sandbox", "SandboxError", "make_world", "run"]
