"""What the sandbox raises."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType


class SandboxError(ValueError):
    """The sandbox cannot start or do what was asked; the message is one sentence for people."""


class MissingExtra(SandboxError, ImportError):
    """A library of the extra ``sandbox`` is not installed."""


def need(module: str) -> ModuleType:
    """Import a module of the extra ``sandbox``, late.

    Args:
        module: its dotted name.

    Raises:
        MissingExtra: it is not installed; the message names the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(module) from error


def require(*modules: str) -> None:
    """See that modules of the extra ``sandbox`` are installed, without the time that importing them takes.

    Raises:
        MissingExtra: one is not.
    """
    for module in modules:
        blocked = module in sys.modules and sys.modules[module] is None
        if blocked or find_spec(module) is None:
            raise _missing(module)


def _missing(module: str) -> MissingExtra:
    name = module.partition(".")[0]
    return MissingExtra(f'the sandbox needs {name}, which is not installed: pip install "css-sdk[sandbox]"')
