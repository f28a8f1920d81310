"""Put numbers, lists and waiting times into words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun in the singular or plural. By default, the plural is the singular with an s.

    >>> counted(1, "role"), counted(2000, "person", "people")
    ('1 role', '2,000 people')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(names: Iterable[str], word: str = "and") -> str:
    """Return names as one text, with commas between them, and with "and" or another word before the last name.

    >>> joined(["dev"]), joined(["dev", "test", "prod"]), joined(["dev", "test"], "or")
    ('dev', 'dev, test and prod', 'dev or test')
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def lines_in_words(numbers: Sequence[int]) -> str:
    """Return the numbers of lines of a file in words; of many lines, the first ten.

    >>> lines_in_words([2]), lines_in_words([2, 4])
    ('line 2', 'lines 2, 4')
    """
    first = ", ".join(map(str, numbers[:10]))
    return f"{'line' if len(numbers) == 1 else 'lines'} {first}{', …' if len(numbers) > 10 else ''}"


def exception_in_words(error: BaseException) -> str:
    """Return the class and the message of an exception, for the end of a sentence: without a full stop.

    >>> exception_in_words(ValueError("The disk is full.")), exception_in_words(TimeoutError())
    ('ValueError: The disk is full', 'TimeoutError')
    """
    message = str(error).rstrip(" .\n")
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def waiting_time(seconds: float | None) -> str:
    """Return a waiting time in words; "a while" if it is not known, or is a billion seconds or more.

    >>> waiting_time(3600.0), waiting_time(1), waiting_time(0.5)
    ('3,600 seconds', '1 second', 'a moment')
    """
    if seconds is None or seconds >= 10**9:
        return "a while"
    return "a moment" if seconds < 1 else counted(round(seconds), "second")
