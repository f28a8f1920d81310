"""Who may be meant by a person that nobody was found for: the decision on which exact sets depend. Pure.

"Not found" is not "absent". Somebody who is looked for by an e-mail address may be any member whose address is another
one, so that nobody may lose a role because of that row. Only a username, or a complete GUID with its provider, says of
a person that they never logged in, and so that they hold nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from ..errors import Ambiguous, CssError, NotFound, NotIdentified, Skipped, Withheld, WrongProvider
from . import cells

if TYPE_CHECKING:
    from ..state import Place
    from .identities import Person

NEVER_LOGGED_IN: Final = "never logged in"
NOT_FOUND: Final = "not found"
WRONG_PROVIDER: Final = "wrong provider"
AMBIGUOUS: Final = "ambiguous"
FAILED: Final = "failed"


def is_identified(person: Person, providers: Sequence[str] = ()) -> bool:
    """Return whether a person is named by what is theirs alone: a username, or a complete GUID with its provider.

    Args:
        person: as a list names them.
        providers: whose logins a GUID means, where the person does not say.

    >>> from css_sdk.roster.rows import Person
    >>> guid = "0f3ac87806aa7f215a7c0d4cc4d9e799"
    >>> [is_identified(Person("guid", guid, provider)) for provider in ("idir", "githubpublic", None)]
    [True, False, False]
    """
    if person.by == "guid":
        provider = person.provider or (providers[0] if len(providers) == 1 else None)
        return cells.is_complete_guid(person.value, provider)
    return person.by == "username" and not person.is_service_account


def state_of(person: Person, error: CssError | None) -> str:
    """Return in a word or two why nobody, or nobody alone, is meant; `failed` where the error is about something else.

    Args:
        person: as a list names them.
        error: what the search for them, or a request about them, ended with.
    """
    match error:
        case WrongProvider():
            return WRONG_PROVIDER
        case NotIdentified():
            return NOT_FOUND
        case NotFound(what="user") if person.is_service_account:
            # A program never logs in: it is not there, and will not come.
            return FAILED
        case NotFound(what="user"):
            # Also of somebody who was found by an address or a GUID and is gone since: that login is known.
            return NEVER_LOGGED_IN
        case Ambiguous():
            return AMBIGUOUS
        case Withheld():
            return "withheld"
        case Skipped():
            return "skipped"
        case _:
            return FAILED


def holds_back(person: Person, error: CssError | None) -> bool:
    """Return whether a person whose row ended with this error may be a member, so that nobody may lose the role.

    Args:
        person: as a list names them.
        error: with which their row ended, if any.
    """
    return error is not None and state_of(person, error) != NEVER_LOGGED_IN


def may_be_any_member(person: Person, state: str, candidates: Sequence[str] = ()) -> bool:
    """Return whether any current member may be meant, so that nobody of a set may be removed.

    Args:
        person: as a list names them.
        state: as `state_of` gives it.
        candidates: the usernames that were found.
    """
    if state in (NEVER_LOGGED_IN, WRONG_PROVIDER):
        return not is_identified(person)
    return state == NOT_FOUND or not candidates


@frozen
class Unresolved:
    """Somebody of the file who could not be identified.

    Attributes:
        place: where they were looked for.
        person: as the file names them.
        state: why, in words: `never logged in`, `not found`, `wrong provider`, `ambiguous`, or another.
        candidates: the usernames that may be meant.
        roles: which the file gives them; none where it names them only to say that they shall have none.
    """

    place: Place
    person: Person
    state: str
    candidates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def may_be_anybody(self) -> bool:
        """Whether any user at all may be meant, because nothing is known of who is."""
        return may_be_any_member(self.person, self.state, self.candidates)

    @property
    def never_logged_in(self) -> bool:
        """Whether they are named by a complete GUID and its provider, and the service does not know that login."""
        return self.state == NEVER_LOGGED_IN and is_identified(self.person)
