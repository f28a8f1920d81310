"""Run the command that prints the credentials of a profile. No error shows its output."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigurationError
from ..settings import Secret

TIMEOUT: Final = 30.0
_LARGEST: Final = 64 * 1024
"""The most bytes that the command may print."""


def run_credential_process(command: Sequence[str], folder: Path, what: str, timeout: float = TIMEOUT) -> Secret:
    """Run a command without a shell, and return what it prints on stdout.

    Its stderr goes to the terminal, because the command may ask the user to log in. The command gets no input.

    It runs in the folder of the config file. In the current folder, files of a cloned repository could change what it
    does.

    After `timeout` seconds, css-sdk ends the command and the processes that it started. `what` names the command in
    messages.
    """
    program = _program(command[0], what)
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own config file names it
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=folder,
            bufsize=0,
            start_new_session=os.name == "posix",
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"{what} cannot be run: {reason}. Check its program.") from None
    printed = bytearray()
    reading = threading.Thread(target=_read, args=(process.stdout, printed), daemon=True)
    reading.start()
    reading.join(timeout)
    is_too_much = len(printed) > _LARGEST
    if not reading.is_alive() and not is_too_much:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
    code = process.poll()
    if code is None or reading.is_alive() or is_too_much:
        _end(process)
        reading.join(1)  # the thread ends when no process is left that could print
        raise ConfigurationError(
            f"{what} took longer than {timeout:g} seconds, or printed too much (more than {_LARGEST} bytes). css-sdk "
            f"ended it. Run it yourself to see what it does."
        )
    if code:
        raise ConfigurationError(
            f"{what} failed with exit code {code}. Run it yourself to see why; its output is not repeated here."
        )
    return Secret(printed.decode("utf-8-sig", "replace"))


def _program(name: str, what: str) -> str:
    """Return the absolute path of a program. Refuse relative paths, and skip relative folders of `PATH`.

    A relative path could be a program of a cloned repository.
    """
    if os.path.dirname(name):  # noqa: PTH120 - the same on all systems, for a text
        path = Path(name).expanduser()
        if path.is_absolute():
            return str(path)
        raise ConfigurationError(f"{what}: its program has a relative path. Give its absolute path.")
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None or not Path(found).is_absolute():
        raise ConfigurationError(f"{what}: its program is not in PATH. Give its absolute path.")
    return found


def _read(stream: Any, printed: bytearray) -> None:
    with stream:
        while len(printed) <= _LARGEST and (piece := stream.read(_LARGEST)):
            printed += piece


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process. On POSIX, also end the processes that it started."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
