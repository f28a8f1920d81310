# Written from css_sdk/_async/roles.py by `make generate`; edit that one.
"""Read and change the roles of one integration in one environment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final, Unpack

from attrs import evolve
from css_sdk_openapi.api.role_mapping import list_role_members
from css_sdk_openapi.api.roles import create_role, delete_role, get_role, list_roles, rename_role
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._http.concurrency import check_callback
from .._service import arguments, identifiers, service_limits
from .._text.suggestions import suggest
from ..errors import Conflict, IncompleteSearch, MalformedAnswer, NotAllDone, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, MembersChange, Role, RoleTree, User, UserLike
from ..people.identities import Person
from ..state import Place, PlaceState, Step
from .composites import Composites, read_role, tree_below
from .exact import Confirm, ExactOptions, ask, make_exact
from .observing import with_members
from .users import Users
from .wire import Wire
from .writes import Change, carry_out

_RECENT_PAGES: Final = 4


class Roles:
    """Read and change roles and their members, in one environment of one integration. Every write is verified.

    Attributes:
        place: the integration and the environment.
    """

    def __init__(self, wire: Wire, place: Place) -> None:
        self.place = place
        self._wire = wire
        if place.project_name:
            wire.places[str(place.integration), place.environment] = str(place)

    @property
    def _users(self) -> Users:
        """Return the client for the roles of users in the same environment."""
        return Users(self._wire, self)

    def list(self) -> tuple[Role, ...]:
        """Return all roles of the environment, sorted by name. The service lists at most 5000 roles.

        Raises:
            NotApplied: the login server does not know the integration, because it is a draft.

        >>> [role.name for role in dev.roles.list()]
        ['admin', 'approver', 'reviewer']
        """
        return self._wire.read(list_roles, answers.roles, **self.place.path)

    def get(self, name: str) -> Role:
        """Return one role.

        If the login server has a fault, the service answers 404 even for roles that exist. css-sdk therefore reads the
        list of roles after a 404.

        Args:
            name: the name of the role. Upper and lower case differ.

        Raises:
            UnusableName: requests cannot address a role of this name; see `check_role_name`.
            NotFound: the list of roles does not contain the role.
            IncompleteSearch: the service answered 404 and did not list all roles, so the role may still exist.

        >>> dev.roles.get("admin")
        Role(name='admin', composite=True)
        """
        path = {**self.place.path, "role_name": identifiers.check_role_name(name)}
        missing = f"There is no role {name!r} in {self.place}. Upper and lower case matter."
        return read_role(self._wire, get_role, path, partial(self._in_list, name), missing)

    def create(self, name: str) -> Role:
        """Create a role that does not exist yet.

        If the login server has a fault, the service answers 201 without a body, whether the role was created or not.
        css-sdk then reads the list of roles.

        Args:
            name: the name of the role. Later requests have the name in their path, percent-encoded twice. A path can
                have at most 255 characters.

        Returns:
            The new role.

        Raises:
            UnusableName: the service cannot store or address the name safely, or the name has invisible characters.
            RequestTooLong: a later request, such as to remove the role from a user, would be too long.
            Conflict: the role exists already.
            OutcomeUnknown: css-sdk cannot know whether the role was created.

        >>> dev.roles.create("50% / auditor")
        Role(name='50% / auditor', composite=False)
        """
        service_limits.check_new_role(**self.place.path, name=name)

        created = Role(name)

        def observe() -> PlaceState:
            nonlocal created
            listed = self._in_list(name)
            created = listed or created
            return self._state_of(listed)

        change = Change(
            operation=create_role,
            steps=(Step("create_role", self.place, name),),
            arguments=lambda _: {"body": RoleRef(name=name)},
            observe=observe,
            shown=lambda answer, _: answers.role(answer).name == name,
        )
        carry_out(self._wire, change)
        return created

    def ensure(self, name: str) -> Role:
        """Return the role, and create it if it does not exist.

        Args:
            name: the name of the role.

        Returns:
            The role that existed, or the new role.

        Raises:
            UnusableName, RequestTooLong, OutcomeUnknown: as for `create`.
            IncompleteSearch: the service did not list all roles, so the role may exist.

        >>> (dev.roles.ensure("reviewer")).name
        'reviewer'
        """
        service_limits.check_removable(**self.place.path, roles=[name])
        role = self._in_list(name)
        if role is not None:
            return role
        try:
            return self.create(name)
        except Conflict:
            # Somebody else has just created the role.
            return self.get(name)

    def rename(self, name: str, new_name: str, *, confirm: Confirm | None = None) -> Role:
        """Rename a role. Its members keep the role, and composites that contain the role still contain it.

        css-sdk reads the list of roles first. The rename is verified by an answer with the new name. If there is no
        such answer, css-sdk reads the list again. The list must then contain the new name, and not the old name.

        Args:
            name: the current name of the role.
            new_name: the new name.
            confirm: called with the `Plan` before the rename, if the role exists. If `confirm` raises an exception or
                returns False, nothing is changed. An `Css` also accepts a coroutine function.

        Returns:
            The role under its new name.

        Raises:
            UnusableName, RequestTooLong: one of the names is not safe in a request, or a request with it would be too
                long. Nothing is sent.
            NotFound: there is no role `name`.
            IncompleteSearch: the service did not list all roles, so the role may exist.
            Conflict: a role with the new name exists already.
            NotConfirmed: `confirm` returned False. Nothing was changed.
            OutcomeUnknown: css-sdk cannot know whether the role was renamed.

        >>> (dev.roles.rename("reviewer", "examiner")).name
        'examiner'
        """
        identifiers.check_role_name(name)
        service_limits.check_new_role(**self.place.path, name=new_name)
        check_callback("confirm", confirm)
        roles = self.list()
        role = self._find(name, roles)
        if role is None:
            sentence = f"There is no role {name!r} in {self.place}. Nothing was changed."
            raise suggest(NotFound(sentence, what="role", name=name), [role.name for role in roles])
        step = Step("rename_role", self.place, name, new_name)
        if confirm is not None:
            from ..plan.planner import Plan

            ask(confirm, Plan((step,)))

        def observe() -> PlaceState:
            listed = self.list()
            names = frozenset(role.name for role in listed)
            if names.isdisjoint((name, new_name)) and service_limits.list_is_complete(listed):
                raise NotFound(
                    f"Neither {name!r} nor {new_name!r} is a role in {self.place}. Somebody else has deleted or "
                    f"renamed the role.",
                    what="role",
                )
            return PlaceState(self.place, "", names)

        change = Change(
            operation=rename_role,
            steps=(step,),
            arguments=lambda _: {"role_name": identifiers.check_role_name(name), "body": RoleRef(name=new_name)},
            observe=observe,
            shown=lambda answer, _: answers.role(answer).name == new_name,
        )
        with self._wire.knowing_not_done(change.steps):
            carry_out(self._wire, change)
        return evolve(role, name=new_name)

    def delete(self, name: str) -> None:
        """Delete a role. All its members lose the role, and it is removed from all composites.

        The service may answer 204 although it did not delete the role. css-sdk therefore reads the list of roles
        afterwards.

        Args:
            name: the name of the role.

        Raises:
            UnusableName: the name is not safe in a request. For `.` and `..` the service would delete the integration's
                whole client, with all its roles.
            NotFound: there is no such role.
            OutcomeUnknown: css-sdk cannot know whether the role was deleted.

        >>> dev.roles.delete("approver")
        """

        def observe() -> PlaceState:
            return self._state_of(self._in_list(name))

        change = Change(
            operation=delete_role,
            steps=(Step("delete_role", self.place, name),),
            arguments=lambda _: {"role_name": identifiers.check_role_name(name)},
            observe=observe,
            along=() if self._wire.journal is None else self._goes_along(name),
        )
        carry_out(self._wire, change)

    def composites(self, name: str) -> Composites:
        """Return the client that lists and changes the children of one role. No request is sent.

        Args:
            name: the name of the role.

        Raises:
            UnusableName: requests cannot address a role of this name; see `check_role_name`.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        return Composites(self._wire, self, name)

    def tree(self) -> RoleTree:
        """Return all roles of the environment, and the children of each composite role.

        This takes one call, and one more for each composite role. The service lists at most 5000 roles. A
        composite role can have a name that css-sdk cannot send, such as `..`. css-sdk then does not read its children,
        and logs a warning.

        Raises:
            NotApplied: as for `list`.
            NotFound: somebody deleted or renamed a role meanwhile.

        >>> sorted((dev.roles.tree()).descendants("admin"))
        ['approver', 'reviewer']
        """
        return tree_below(self, self.list())

    def members(self, name: str) -> Iterator[User]:
        """Yield the direct members of the role, each once, sorted by username, with one call for each 50 members.

        If somebody loses the role during the reading, the next page begins one member later, and this reading may miss
        another member. If you remove members in a loop, read all members into a list first, or use `set_members`.

        Args:
            name: the name of the role.

        Raises:
            NotFound: there is no such role.
            MalformedAnswer: the list does not seem to end: a full page repeats earlier pages, or there are more than
                5000 pages.

        >>> [user.email for user in dev.roles.members("admin")]
        ['ilse.hargreave@example.com']
        """
        # If somebody is added during the reading, the pages shift, and the last members of a page appear again on the
        # next page. Only the first and the most recent pages are remembered, to limit the memory for a long list.
        first: frozenset[str] = frozenset()
        recent: deque[frozenset[str]] = deque(maxlen=_RECENT_PAGES)
        for number in range(1, service_limits.MOST_PAGES + 1):
            page = self.members_page(name, number)
            known = {*first, *chain.from_iterable(recent)}
            before = len(known)
            for user in page:
                if user.username not in known:
                    known.add(user.username)
                    yield user
            recent.append(frozenset(user.username for user in page))
            first = first or recent[0]
            if len(page) < service_limits.PAGE_SIZE:
                return
            if len(known) == before:
                raise MalformedAnswer(
                    f"The members of {name!r} in {self.place}: page {number} is full, but contains only people of "
                    f"earlier pages. css-sdk stopped reading, because the list would never end."
                )
        raise MalformedAnswer(
            f"The members of {name!r} in {self.place} have more than {service_limits.MOST_PAGES} pages. css-sdk "
            f"stopped reading, because the list does not seem to end."
        )

    def members_page(self, name: str, number: int, size: int = service_limits.PAGE_SIZE) -> tuple[User, ...]:
        """Return one page of the direct members of a role. If there is no such page, the result is empty.

        Args:
            name: the name of the role.
            number: the number of the page, from 1.
            size: the members on a full page, 1 to 50. A page with fewer members is the last one. The service gives no
                total.

        Returns:
            The users on the page, sorted by username.

        Raises:
            NotFound: there is no such role.
            InvalidRequest: `number` or `size` is not a whole number or is out of range.

        >>> len(dev.roles.members_page("reviewer", 1, size=1))
        1
        """
        path = {**self.place.path, "role_name": identifiers.check_role_name(name)}
        page = {"page": arguments.whole_number(number, "The page"), "max_": arguments.whole_number(size, "The size")}
        return self._wire.read(list_role_members, answers.users, "role", **path, **page)

    def settled_members(self, name: str) -> tuple[User, ...]:
        """Return all direct members of the role. Read them until two readings in a row agree, at most three times.

        Read members in this way before you remove anybody. The service's pages have no total and no cursor. If somebody
        loses the role between the requests for two pages, a single reading may miss another member.

        Args:
            name: the name of the role.

        Raises:
            NotFound: there is no such role.
            OutcomeUnknown: each of the three readings differed from the one before.

        >>> len(dev.roles.settled_members("reviewer"))
        2
        """
        before = None
        for _ in range(service_limits.MOST_READINGS):
            users = tuple([user for user in self.members(name)])
            if before == {user.username for user in users}:
                return users
            before = {user.username for user in users}
        raise OutcomeUnknown(
            f"css-sdk read the members of {name!r} in {self.place} {service_limits.MOST_READINGS} times, and each "
            f"reading differed from the one before. Nothing was removed. Try again when nobody changes the members."
        )

    def set_members(
        self,
        name: str,
        users: UserLike | Iterable[UserLike],
        *,
        width: int = 4,
        **options: Unpack[ExactOptions],
    ) -> MembersChange:
        """Give the role exactly these direct members. Add members first. If an addition fails, remove nobody.

        Args:
            name: the name of the role.
            users: usernames, `User` or `ServiceAccount` values. A single user may be passed without a list.
            allow_empty: whether the role may lose all its members if `users` is empty.
            max_removals: how many members may be removed. The default is a fifth of the members, but at least 4 and at
                most 10.
            confirm: called with the `Plan` before the first write, if anything changes. If `confirm` raises an
                exception or returns False, nothing is changed. An `Css` also accepts a coroutine function. After
                `confirm` has returned, css-sdk reads the members again. If they have changed, it raises `StalePlan`.
            width: calls at once, 1 to 8.
            progress: called with the `StepResult` of each step as soon as it is known, one call at a time, possibly in
                a different thread. An `Css` also accepts a coroutine function. If `progress` raises an exception,
                it is not called again.

        Returns:
            The usernames that were added to the role, and those that were removed from it.

        Raises:
            EmptySet: `users` is empty, and `allow_empty` is not set. Nothing is sent.
            UnusableUser, UnusableName, RequestTooLong: a user or the role name is not valid, or a request would be too
                long. Nothing is sent.
            InvalidRequest: an option does not exist. Nothing is sent.
            ConfigurationError: `width` is out of range, or `confirm` or `progress` cannot be called or awaited. Nothing
                is sent.
            NotFound: there is no such role.
            OutcomeUnknown: the members kept changing during the reading. Nothing was changed.
            TooManyRemovals: more members would be removed than `max_removals` allows. Nothing was changed.
            NotConfirmed: `confirm` returned False. Nothing was changed.
            StalePlan: the members changed while `confirm` was called. Nothing was changed.
            NotAllDone: somebody could not be added or removed. `results` has a `GrantResult` for each attempt.
            CallbackFailed: `progress` raised an exception. All changes were made nevertheless.

        >>> change = dev.roles.set_members("reviewer", ["0f3ac87806aa7f215a7c0d4cc4d9e799@idir"])
        >>> change.removed
        ('c48af3232157a5f13dc753a5d3eed7ce@idir',)
        """
        from ..plan.desired import DesiredRole, Listed

        people = [Person("username", self._users.check(user, name)[0]) for user in arguments.users(users)]
        unread = PlaceState(self.place, "", frozenset((name,)))
        results = make_exact(
            self,
            partial(with_members, self, unread, (name,), settled=True, width=width),
            people,
            f"members of the role {name!r}",
            roles=[DesiredRole(name, members=Listed(tuple(people), exact=True))],
            width=width,
            options=options,
        )
        added, removed = (
            [result for result in results if result.step.kind == kind] for kind in ("add_member", "remove_member")
        )
        where = f"the role {name!r} in {self.place}"
        for tried, what in ((added, f"added to {where}. Nobody was removed."), (removed, f"removed from {where}.")):
            if left := [result for result in tried if result.outcome != "done"]:
                users_left = f"{len(left)} of {len(tried)} users" if len(tried) > 1 else "1 user"
                could_not = "could not be" if all(each.outcome == "failed" for each in left) else "may not have been"
                raise NotAllDone(
                    f"{users_left} {could_not} {what} The first error: {left[0].error}",
                    results=[
                        GrantResult(Grant(each.step.target, name), each.outcome, each.error)
                        for each in results
                        if each.outcome != "skipped"
                    ],
                ) from left[0].error
        return MembersChange(*(tuple(result.step.target for result in each) for each in (added, removed)))

    def _in_list(self, name: str) -> Role | None:
        return self._find(name, self.list())

    def _state_of(self, role: Role | None) -> PlaceState:
        """Return a state with only this role, or without any role if `role` is None."""
        return PlaceState(self.place, "", frozenset([role.name] if role else ()))

    def _find(self, name: str, roles: Sequence[Role]) -> Role | None:
        found = next((role for role in roles if role.name == name), None)
        if found is None and not service_limits.list_is_complete(roles):
            raise IncompleteSearch(
                f"The service lists only {len(roles)} roles of {self.place}, so css-sdk cannot know whether {name!r} "
                f"exists."
            )
        return found

    def _goes_along(self, name: str) -> tuple[Step, ...]:
        """Read what the service changes when it deletes the role, and return it as steps.

        The steps remove the members and the children of the role, and remove the role from the composites that contain
        it. If the role does not exist, there are no steps.
        """
        tree = self.tree()
        if all(role.name != name for role in tree.roles):
            return ()
        members = [Step("remove_member", self.place, name, user.username) for user in self.settled_members(name)]
        children = [Step("remove_composite", self.place, name, child) for child in tree.children.get(name, ())]
        above = [up for up, below in tree.children.items() if name in below and up != name]
        parents = [Step("remove_composite", self.place, up, name) for up in above]
        return (*members, *children, *parents)
