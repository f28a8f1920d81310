"""Find and read the user's config file and a project's `css.toml`, and refuse files that others can change."""

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
"""The value of `CSS_CONFIG_FILE` with which css-sdk reads neither the config file nor `css.toml`."""
PROJECT_FILE: Final = "css.toml"
_LARGEST: Final = 1024 * 1024


def config_path(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's config file, which need not exist; None if `CSS_CONFIG_FILE` is `off`.

    `CSS_CONFIG_FILE` can set the path. The default is `css-sdk/config.toml` in the config folder of the user, such as
    `~/.config` on Linux.

    Args:
        environ: the environment variables.
    """
    named = environ.get(CONFIG_VARIABLE, "")
    if named == OFF:
        return None
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("css-sdk", appauthor=False) / "config.toml"


def project_path(folder: Path | None = None) -> Path | None:
    """Return the path of the `css.toml` of a project; None if there is none.

    css-sdk looks in a folder, and then in those above it within the same git repository. Outside of a repository, it
    looks only in the folder itself.

    Args:
        folder: the folder; by default the current one.
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
    """Return the parsed content of the user's config file. If there is no such file, return an empty dictionary.

    Args:
        path: the path of the file.
        must_exist: whether a missing file is an error.
        profile: the name of the profile to read, for the example in the error message.

    Raises:
        ConfigurationError: the file cannot be read or is not valid TOML, other users can change the file or one of its
            folders, or the file is missing and `must_exist` is True.
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
    """Return the parsed content of a project's `css.toml`.

    Raises:
        ConfigurationError: the file cannot be read, or is not valid TOML.
    """
    return _read(path, is_private=False)


def _read(path: Path, *, is_private: bool) -> dict[str, Any]:
    import tomllib

    reason = ""
    try:
        if not path.is_file():  # a pipe would never end
            reason = "it is not a file"
        else:
            with path.open("rb") as file:
                if is_private:
                    _check_private(path, os.fstat(file.fileno()))
                content = file.read(_LARGEST + 1)
            if len(content) <= _LARGEST:
                return tomllib.loads(content.decode("utf-8-sig"))
            reason = f"it is larger than {_LARGEST} bytes"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except tomllib.TOMLDecodeError as error:
        reason = f"it is not valid TOML ({str(error).rpartition('(')[2].rstrip(')') or 'somewhere'})"
    except (ValueError, RecursionError):
        reason = "it is not TOML in UTF-8"
    raise ConfigurationError(f"The config file {str(path)!r} cannot be read: {reason}. Correct the file, or remove it.")


def _check_private(path: Path, found: os.stat_result) -> None:
    """Check that only the user and the administrator of the system can change or replace a file. Skip this on Windows.

    Args:
        path: the path of the file.
        found: the status of the opened file.

    Raises:
        ConfigurationError: others can change or replace the file. The message has the command that prevents this.
    """
    if sys.platform == "win32":
        return
    folders = [(folder, folder.stat()) for folder in path.resolve().parents]
    for place, status in [(path, found), *folders]:
        what = f"The config file {str(path)!r} was not used, because others could put commands into it:"
        # In a folder with the sticky bit, such as /tmp, nobody can replace files of others.
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (place != path and status.st_mode & stat.S_ISVTX):
            raise ConfigurationError(f"{what} they can write to {place}. Run: chmod go-w {quote(str(place))}")
        if status.st_uid not in (0, os.geteuid()):
            raise ConfigurationError(
                f"{what} {place} belongs to another user. Run: chown $(id -un) {quote(str(place))}"
            )
