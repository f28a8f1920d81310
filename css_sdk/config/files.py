"""Find and read the user's config file and a project's `css.toml`. Refuse a config file that others can change."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .._text.shells import quote
from ..errors import ConfigurationError, Remedy

CONFIG_VARIABLE: Final = "CSS_CONFIG_FILE"
OFF: Final = "off"
"""The value of `CSS_CONFIG_FILE` that makes css-sdk read neither the config file nor `css.toml`."""
PROJECT_FILE: Final = "css.toml"
_LARGEST: Final = 1024 * 1024


def config_path(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's config file; None if `CSS_CONFIG_FILE` is `off`. The file need not exist.

    The default is `css-sdk/config.toml` in the config folder of the user, such as `~/.config` on Linux.
    """
    named = environ.get(CONFIG_VARIABLE, "")
    if named == OFF:
        return None
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("css-sdk", appauthor=False) / "config.toml"


def project_path(folder: Path | None = None) -> Path | None:
    """Return the path of the `css.toml` of a project; None if it does not exist.

    css-sdk looks in the folder, and then in those above it in the same git repository. Outside of a repository, it
    looks only in the folder.
    """
    try:
        folder = Path.cwd() if folder is None else folder
    except OSError:  # it was deleted
        return None
    above = [folder, *folder.parents]
    root = next((each for each in above if _exists(each / ".git")), folder)
    paths = [each / PROJECT_FILE for each in above[: above.index(root) + 1]]
    return next(filter(_exists, paths), None)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the user may not look into the folder
        return False


def read_config(path: Path, *, must_exist: bool = False, profile: str | None = None) -> dict[str, Any]:
    """Return the parsed content of the user's config file. Refuse a file that other users can change.

    If the file is missing, return an empty dictionary. But if `must_exist` is True, raise `ConfigurationError`. The
    error shows an example of a config file with a profile of the name `profile`.
    """
    if not _is_missing(path):
        return _read(path, is_private=True)
    if not must_exist:
        return {}
    create = "Create it, for example with these lines"
    error = ConfigurationError(
        f"There is no config file {str(path)!r}.",
        remedy=Remedy(f"{create}:", f"{create} (css config --help shows more):"),
    )
    error.add_note(f"[profiles.{_toml_key(profile or 'default')}]")
    error.add_note('credentials_file = "account.json"  # the file of your API account, beside the config file')
    raise error


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:  # the user may not look into the folder; reading the file gives the reason
        return False


def _toml_key(name: str) -> str:
    """Return a name as a key in TOML.

    >>> _toml_key("grants"), _toml_key("my team")
    ('grants', '"my team"')
    """
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def read_project_file(path: Path) -> dict[str, Any]:
    """Return the parsed content of a project's `css.toml`."""
    return _read(path, is_private=False)


def _read(path: Path, *, is_private: bool) -> dict[str, Any]:
    import tomllib

    reason, advice = "", "Correct the file, or remove it."
    try:
        if not path.is_file():  # a pipe would never end
            reason, advice = "it is not a file", "Replace it with a file, or remove it."
        else:
            with path.open("rb") as file:
                if is_private:
                    _check_private(path, os.fstat(file.fileno()))
                content = file.read(_LARGEST + 1)
            if len(content) <= _LARGEST:
                return tomllib.loads(content.decode("utf-8-sig"))
            reason = f"it is larger than {_LARGEST:,} bytes"
    except OSError as error:
        reason, advice = error.strerror or type(error).__name__, "Check its path and its permissions."
    except tomllib.TOMLDecodeError as error:
        reason = f"it is not valid TOML ({str(error).rpartition('(')[2].rstrip(')') or 'somewhere'})"
    except (ValueError, RecursionError):
        reason = "it is not TOML in UTF-8"
    raise ConfigurationError(f"The config file {str(path)!r} cannot be read: {reason}. {advice}")


def _check_private(path: Path, found: os.stat_result) -> None:
    """Refuse a file that others could change or replace, because a config file can name a command.

    The administrator of the system may change the file. On Windows, nothing is checked. `found` is the status of the
    opened file.
    """
    if sys.platform == "win32":
        return
    folders = [(folder, folder.stat()) for folder in path.resolve().parents]
    for place, status in [(path, found), *folders]:
        what = f"The config file {str(path)!r} was not used, because others could put commands into it:"
        # In a folder with the sticky bit, such as /tmp, nobody can replace files of others.
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (place != path and status.st_mode & stat.S_ISVTX):
            remedy = Remedy(f"Run: chmod go-w {quote(str(place))}")
            raise ConfigurationError(f"{what} they can write to {place}.", remedy=remedy)
        if status.st_uid not in (0, os.geteuid()):
            remedy = Remedy(f"Run: chown $(id -un) {quote(str(place))}")
            raise ConfigurationError(f"{what} {place} belongs to another user.", remedy=remedy)
