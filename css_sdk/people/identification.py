"""Decide which members may be a person who was not found. Exact sets depend on it. Pure.

A person who is not found by e-mail address may still be a member: the service may know this person by a different
address. So nobody may lose a role because of such a row. Only a username, or a complete GUID with its provider, can
show that a person never logged in, and so has no roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from .._service import identifiers
from ..errors import Ambiguous, CssError, NotFound, NotIdentified, Skipped, Withheld, WrongProvider

if TYPE_CHECKING:
    from ..state import Place
    from .identities import Person

NEVER_LOGGED_IN: Final = "never logged in"
NOT_FOUND: Final = "not found"
WRONG_PROVIDER: Final = "wrong provider"
AMBIGUOUS: Final = "ambiguous"
FAILED: Final = "failed"
_STATES: Final[Mapping[type[CssError], str]] = {
    WrongProvider: WRONG_PROVIDER,
    NotIdentified: NOT_FOUND,
    Ambiguous: AMBIGUOUS,
    Withheld: "withheld",
    Skipped: "skipped",
}


def is_identified(person: Person, providers: Sequence[str] = ()) -> bool:
    """Return whether a person is named uniquely: by a username, or by a complete GUID with its provider.

    Args:
        person: the entry of the list that names the person.
        providers: the providers of a GUID, if the person names none.

    >>> from css_sdk.roster.rows import Person
    >>> guid = "0f3ac87806aa7f215a7c0d4cc4d9e799"
    >>> [is_identified(Person("guid", guid, provider)) for provider in ("idir", "githubpublic", None)]
    [True, False, False]
    """
    if person.by == "guid":
        provider = person.provider or (providers[0] if len(providers) == 1 else None)
        return provider in identifiers.PROVIDERS_WITH_GUIDS and identifiers.is_guid(person.value)
    return person.by == "username" and not person.is_service_account


def state_of(person: Person, error: CssError | None) -> str:
    """Return the reason why a person is not identified, in one or two words; `failed` for any other error.

    Args:
        person: the entry of the list that names the person.
        error: the error of the search for the person, or of a request about the person.
    """
    for kind, state in _STATES.items():
        if isinstance(error, kind):
            return state
    # A program never logs in: its account does not exist. The others include a person whose login was found by address
    # or GUID, but has disappeared since.
    is_unknown = isinstance(error, NotFound) and error.what == "user" and not person.is_service_account
    return NEVER_LOGGED_IN if is_unknown else FAILED


def may_be_member(person: Person, error: CssError | None) -> bool:
    """Return whether a person whose row failed may be a member, so that nobody may lose the role.

    Args:
        person: the entry of the list that names the person.
        error: the error of the person's row, if any.
    """
    return error is not None and state_of(person, error) != NEVER_LOGGED_IN


@frozen
class Unresolved:
    """A person of a file who could not be identified.

    Attributes:
        place: the place for which the person was searched.
        person: the entry of the file that names the person.
        state: the reason, such as `never logged in`, `not found`, `wrong provider` or `ambiguous`.
        candidates: the usernames that the person may have.
        roles: the roles that the file gives the person; none if it says that the person must have no roles.
    """

    place: Place
    person: Person
    state: str
    candidates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def may_be_anybody(self) -> bool:
        """Return whether the person may be any member, because nothing is known about the username.

        Then no member may be removed.
        """
        if self.state in (NEVER_LOGGED_IN, WRONG_PROVIDER):
            return not is_identified(self.person)
        return self.state == NOT_FOUND or not self.candidates

    @property
    def never_logged_in(self) -> bool:
        """Return whether the person has probably never logged in.

        This is so if the file names one exact login (by username or complete GUID) that the service does not know.
        """
        return self.state == NEVER_LOGGED_IN and is_identified(self.person)
