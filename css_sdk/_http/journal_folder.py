"""Keep the journals of the command line in one folder: one file for each run. Old files are removed."""

from __future__ import annotations

import contextlib
import datetime
import errno
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..errors import InvalidFile
from ..journal.entries import JournalRead, read_journal
from .journal_writer import is_in_use

DAYS: Final = 90
"""The number of days after which a journal is removed, unless CSS_JOURNAL_DAYS or a profile sets another."""
_NAME: Final = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[\w-]+", re.ASCII)
_TIME: Final = "%Y%m%dT%H%M%S.%fZ"


class JournalFolder:
    """The folder of one user's journals. The folder need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> JournalFolder:
        """Return the journal folder of the current user.

        If CSS_STATE_FOLDER is set, the folder is `journals` in CSS_STATE_FOLDER. Otherwise, it is in the platform's
        folder for state.
        """
        if named := environ.get("CSS_STATE_FOLDER"):
            return cls(Path(named).absolute() / "journals")
        import platformdirs

        return cls(platformdirs.user_state_path("css-sdk", appauthor=False) / "journals")

    def new_file(self, command: str, now: datetime.datetime, days: int) -> Path:
        """Return the path for a new journal, which does not exist yet. Create the folder, and remove old journals.

        Args:
            days: journals that are more than this number of days old are removed.

        Raises:
            OSError: the folder cannot be created.
        """
        if not self.path.is_absolute():  # it begins with `~` if the system does not know the user's home folder
            raise FileNotFoundError(errno.ENOENT, "the user has no home folder", str(self.path))
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = now - datetime.timedelta(days=days)
        for file, made in self._files():
            if made < oldest:
                with contextlib.suppress(OSError):
                    file.unlink()
        return self.path / f"{now.astimezone(datetime.UTC):{_TIME}}-{'-'.join(command.split()[1:])}.jsonl"

    def file_of(self, name: str) -> Path | None:
        """Return the path of a journal; None if the folder has no such journal. The name may end with `.jsonl`."""
        file = self.path / f"{name.removesuffix('.jsonl')}.jsonl"
        return file if _NAME.fullmatch(file.stem) and file.is_file() else None

    def name_of(self, file: Path) -> str:
        """Return the name that commands use for a journal: its file name without `.jsonl`.

        If the journal is not in this folder, return its path.
        """
        return file.stem if file.parent == self.path else str(file)

    def journals(self) -> dict[str, JournalRead]:
        """Return the contents of the journals by name, the newest first. Files that cannot be read are left out."""
        found: dict[str, JournalRead] = {}
        for file, _ in sorted(self._files(), reverse=True):
            with contextlib.suppress(OSError, InvalidFile):
                found[file.stem] = read_journal(file.read_bytes(), file.name)
        return found

    def in_use(self) -> frozenset[str]:
        """Return the names of the journals that a run is writing at the moment."""
        return frozenset(file.stem for file, _ in self._files() if is_in_use(file))

    def _files(self) -> Iterator[tuple[Path, datetime.datetime]]:
        """Yield the path of each journal, with the time in its name. If the folder cannot be read, yield nothing."""
        try:
            files = list(self.path.iterdir())
        except OSError:
            return
        for file in files:
            if file.suffix == ".jsonl" and (found := _NAME.fullmatch(file.stem)):
                with contextlib.suppress(ValueError):
                    yield file, datetime.datetime.strptime(found[1], _TIME).replace(tzinfo=datetime.UTC)
