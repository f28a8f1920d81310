"""Manage roles through the CSS API of the Province of British Columbia, with every write verified.

`__init__.pyi` lists all names that users can import from `css_sdk`. Type checkers read this list, and this module reads
it at its own import. The module of a name is imported when the name is first used. So `import css_sdk` loads very
little.
"""

from importlib import import_module
from typing import Any, Final

_LIST: Final = __spec__.loader.get_data(f"{__path__[0]}/__init__.pyi").decode()  # the loader also reads a zip file
_IMPORTS: Final = [line.split() for line in _LIST.splitlines() if line.startswith("from ")]
_HOMES: Final = {name: module.removeprefix(".") for _, module, _, name, *_ in _IMPORTS}
__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
