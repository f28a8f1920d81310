"""`css sandbox`, which the sandbox defines itself."""

from __future__ import annotations

from ...sandbox.command import make_command
from ..support.request_options import is_quiet

sandbox = make_command(is_quiet)
