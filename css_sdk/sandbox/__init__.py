"""The CSS API and its login servers in memory, for tests, demos and notebooks.

It answers as the service does, oddities included, and shares nothing with the client that it is there to test.

    >>> from css_sdk.sandbox import Sandbox
    >>> sandbox = Sandbox()
    >>> sandbox.members(101, "dev", "admin")
    ['d6dff8c2546921b01198b4efd12cb3bc@idir']

In process: ``httpx.Client(transport=sandbox.transport())``. On a socket: ``with sandbox.serve() as server``, or
``python -m css_sdk.sandbox``. What a world file holds stands in ``css_sdk.sandbox.world``, what a state file holds in
``css_sdk.sandbox.state``, the sandbox's own calls over HTTP in ``css_sdk.sandbox.admin``.
"""

from .errors import MissingExtra, SandboxError
from .faults import Fault
from .journal import Entry, Harm
from .run import run
from .sandbox import Sandbox

__all__ = ["Entry", "Fault", "Harm", "MissingExtra", "Sandbox", "SandboxError", "run"]
