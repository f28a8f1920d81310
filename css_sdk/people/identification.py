"""Decide whether a person who was not found may still be a member of a role. Pure.

The service may know a person by a different e-mail address than the list. If a search finds nobody, any member may be
this person. An exact list must then remove nobody from the role.

But a username names exactly one login, and so does a complete GUID with its provider. If the service does not know this
login, the person never logged in, and has no roles.
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

    Return False for a service account. Return False for a GUID of GitHub, because css-sdk does not know its complete
    form. If `providers` has only one provider, a GUID without a provider belongs to this provider.

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
    """Return in a few words why the row of a person has failed, such as `never logged in` or `withheld`.

    Return `failed` for any other error, and if there is no error.
    """
    for kind, state in _STATES.items():
        if isinstance(error, kind):
            return state
    # A program never logs in: its account does not exist. The others include a person whose login was found by address
    # or GUID, but has disappeared since.
    is_unknown = isinstance(error, NotFound) and error.what == "user" and not person.is_service_account
    return NEVER_LOGGED_IN if is_unknown else FAILED


def may_be_member(person: Person, error: CssError | None) -> bool:
    """Return whether a row has failed, and its person may still be a member of the role.

    If this is True, nobody may lose the role.
    """
    return error is not None and state_of(person, error) != NEVER_LOGGED_IN


@frozen
class Unresolved:
    """A person in a file who could not be identified.

    Attributes:
        place: the place where the file gives the person roles. css-sdk searched for the person in this place.
        person: the person, as the file names them.
        state: the reason, such as `never logged in`, `not found`, `wrong provider` or `ambiguous`.
        candidates: the usernames that the person may have.
        roles: the roles that the file gives the person; empty if the file says that the person must have no roles.
    """

    place: Place
    person: Person
    state: str
    candidates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def may_be_anybody(self) -> bool:
        """Return whether the person may be any member of a role, because the username is not known.

        If this is True, an exact list that names this person must remove nobody.
        """
        if self.state in (NEVER_LOGGED_IN, WRONG_PROVIDER):
            return not is_identified(self.person)
        return self.state == NOT_FOUND or not self.candidates

    @property
    def never_logged_in(self) -> bool:
        """Return whether the person has probably never logged in.

        Return True if the file names exactly one login, and the service does not know this login.
        """
        return self.state == NEVER_LOGGED_IN and is_identified(self.person)
