"""Define the errors of the sandbox, and import the libraries that it needs."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType


class SandboxError(ValueError):
    """The sandbox cannot start, or cannot do what the caller asked for."""


class MissingExtra(SandboxError, ImportError):
    """A library of the extra `sandbox` is not installed."""


def import_extra(module: str) -> ModuleType:
    """Import a module of the extra `sandbox` when it is first needed.

    Raises:
        MissingExtra: the module is not installed. The message names the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(module) from error


def require(*modules: str) -> None:
    """Raise `MissingExtra` if a module of the extra `sandbox` is not installed.

    The function does not import the modules, because an import takes time.
    """
    for module in modules:
        blocked = module in sys.modules and sys.modules[module] is None
        if blocked or find_spec(module) is None:
            raise _missing(module)


def _missing(module: str) -> MissingExtra:
    name = module.partition(".")[0]
    return MissingExtra(f'the sandbox needs {name}, which is not installed: pip install "css-sdk[sandbox]"')
