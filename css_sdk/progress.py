"""Show the progress of long calls in a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from .errors import ConfigurationError


@contextmanager
def progress_bar(total: int, *, unit: str = "row", file: TextIO | None = None) -> Iterator[Callable[..., None]]:
    """Show how many results of a call are done, how fast they come, and how long the rest will take.

    Pass the value of the `with` statement to a call as `progress=` or `looking_up=`. The bar appears with the first
    result. With `looking_up=`, the call reports the number of its searches, and this number replaces `total`.

    Args:
        total: the expected number of results. If more results come, the total grows.
        unit: the noun for one result, in the singular.
        file: the stream of a terminal; stderr by default. If it cannot be written, nothing is shown.

    Raises:
        ConfigurationError: tqdm is not installed.

    >>> import io
    >>> from css_sdk import progress_bar
    >>> rows = read_roster("client_id,role\\nfisheries-service-102,reviewer", "roster.csv",
    ...                    integration="101", environment="dev")
    >>> with progress_bar(len(rows), file=io.StringIO()) as bar:
    ...     results = css.apply_roster(rows, progress=bar)
    """
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        raise ConfigurationError('A progress bar needs tqdm: pip install "css-sdk[progress]".') from None
    bars: list[Any] = []

    def tick(done: object, of: int | None = None) -> None:
        if not bars:
            bars.append(
                tqdm(
                    total=of or total,
                    unit=f" {unit}{'es' if unit.endswith('ch') else 's'}",
                    file=file and _Display(file),
                )
            )
        [bar] = bars
        bar.total = max(bar.total, bar.n + 1) if of is None else of
        bar.update(1 if of is None or not isinstance(done, int) else done - bar.n)

    try:
        yield tick
    finally:
        for bar in bars:
            bar.close()


class _Display:
    """Write to a stream, and ignore errors of the stream, because the terminal may be gone.

    If tqdm received an error, tqdm would not release its lock, and would later wait for this lock forever.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()
