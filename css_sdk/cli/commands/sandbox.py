"""`css sandbox`, which the sandbox defines itself."""

from __future__ import annotations

from ...sandbox.command import sandbox

__all__ = ["sandbox"]
