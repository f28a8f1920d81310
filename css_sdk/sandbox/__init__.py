"""The CSS API and its login servers in memory, for tests, demos and notebooks.

It answers as the service does, oddities included, and shares nothing with the client that it is there to test.

    >>> from css_sdk.sandbox import Sandbox
    >>> sandbox = Sandbox()
    >>> sandbox.members(101, "dev", "admin")
    ['d6dff8c2546921b01198b4efd12cb3bc@idir']

In process: ``httpx.Client(transport=sandbox.transport())``. On a socket: ``with sandbox.serve() as server``, or
``python -m css_sdk.sandbox``.

Start reading at ``sandbox``. ``world.world`` says what a world file holds, ``world.state`` what a state file holds, and
``serving.admin`` which calls over HTTP the sandbox has of its own. It imports nothing of the rest of css-sdk.
"""

from .errors import MissingExtra, SandboxError
from .faults import Fault
from .journal import Entry, Harm
from .sandbox import Sandbox
from .serving.run import run

__all__ = ["Entry", "Fault", "Harm", "MissingExtra", "Sandbox", "SandboxError", "run"]
