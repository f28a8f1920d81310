"""Put numbers into words. Pure."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun in the singular or plural.

    Args:
        number: the number.
        one: the noun in the singular.
        many: the noun in the plural; by default, `one` with an s.

    >>> counted(1, "role"), counted(2000, "person", "people")
    ('1 role', '2,000 people')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
