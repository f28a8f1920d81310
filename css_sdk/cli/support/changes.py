"""Give and remove roles: ask for confirmation, carry out the changes, and report the results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from . import records
from .client import interrupted_by_sigterm
from .exit_codes import ExitCode, code_of_results
from .options import Given
from .output import print_results, say
from .progress import bar_on_terminal
from .questions import Changes, confirm, open_questions
from .roster_results import with_the_rest, write_results

if TYPE_CHECKING:
    from ... import Css
    from ...roster.rows import Action, RoleRemovals, Row, RowResult
    from ...state import Place
    from .files import OutputFile

Note = Callable[["RowResult"], object]
"""A function that is called with each result as soon as it is known."""

_MOST_NAMED = 10
_OF_ROSTERS = ("line", "person")


class Labels:
    """The names that a client has read: of integrations, with their ids, and of people."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._places: dict[str, tuple[int, str]] = {}

    def read(self, css: Css, results: Sequence[RowResult]) -> None:
        """Add the names of the integrations and people in these results.

        This sends no request, because the client has read the names before.
        """
        from ...errors import CssError

        for which in {result.row.integration for result in results}:
            with suppress(CssError):
                info = css.integration(which).info
                self._places[which] = info.id, info.project_name
        self.names.update((result.user.username, result.user.name) for result in results if result.user is not None)

    def record(self, result: RowResult) -> dict[str, Any]:
        """Return the result of a row as a record for `--json`."""
        from ...people.identities import login_of

        row = result.row
        integration_id, integration = self._places.get(row.integration, (None, row.integration))
        place = records.of_place(integration_id, integration, row.environment)
        username = login_of(row.person) or ""  # "" if the row names the person in another way
        who = {"username": username, "name": self.names.get(username, "")}
        record = records.of_change(result.state, row.action, place, row.role, **who, error=result.error)
        if result.repeats and result.error is None:
            record["message"] = f"repeats line {result.repeats}"
        return {"line": row.line, **record, "person": row.person.value}


def change_roles(
    action: Action,
    given: Given,
    *,
    roles: Sequence[str],
    prefer: Sequence[str] = (),
    all_logins: bool = False,
    **named: Sequence[str],
) -> int:
    """Give or remove roles as arguments and options say, and return the exit code.

    Args:
        prefer: for people with several logins, the login providers in order of preference.
        named: the texts that name users, by their kind: `username`, `email`, `guid` or `client_id`.
    """
    from ...people.identities import checked_people
    from ...roster.rows import Row

    if not roles:
        raise click.UsageError("Name a role with --role.")
    people = checked_people(named, given.employees)
    if not people:
        raise click.UsageError("Name the users: pass usernames, --email, --guid, or --client-id for a service account.")
    pairs = dict.fromkeys((person, role) for person in people for role in roles)
    rows = [Row(0, person, role, given.integration, given.environment, action) for person, role in pairs]
    return carry_out(rows, given, providers=given.employees, prefer=prefer, all_logins=all_logins)


def apply_rows(
    css: Css, rows: Sequence[Row], given: Given, labels: Labels, progress: Note, *, exact: bool = False, **how: Any
) -> Sequence[RowResult]:
    """Ask for confirmation if necessary, carry out rows, and return a result for each.

    Before a question, css shows who would gain or lose roles. After the answer, css carries out only these changes.

    Args:
        labels: an object to which css adds the names that it has read.
        progress: css calls this function with each result as soon as it is known.
        exact: whether to remove the roles in the rows from everybody whom the rows do not list.
        how: further arguments of `apply_roster` and `check_roster`.

    Raises:
        NotConfirmed: when the answer is no, or there is no terminal. Nothing was changed.
        StalePlan: when the state has changed since the preview. Nothing was changed.
        click.Abort: when a question is not answered.
    """
    from ...roster.rows import refuses_all

    may_be = changes_of(rows, tuple(row.integration for row in rows if row.environment == "prod"))
    may_be = may_be._replace(removes=may_be.removes or exact)
    if not open_questions(may_be, yes=given.yes, allow_prod=given.allow_prod).options:
        results = css.apply_roster(rows, exact=exact, confirm=partial(_show_losses, css), progress=progress, **how)
        labels.read(css, results)
        return results
    checked = css.check_roster(rows, exact=exact, **how)
    for error in (result.error for result in checked if refuses_all(result)):
        if error is not None:  # do not ask about changes that would be refused
            raise error
    planned = [result for result in checked if result.outcome == "planned"]
    places = {result.row.place: css.integration(result.row.integration) for result in planned}
    prod = tuple(client.info.project_name for place, client in places.items() if place[1] == "prod")

    def preview() -> Sequence[str]:
        people = {result.row.person.value: result.row.environment for result in planned}
        names = given.names_of(css, people, (result.user for result in planned if result.user is not None))
        labels.names.update(names)
        named = {place: client.environment(place[1]).roles.place for place, client in places.items()}
        rows = (result.row for result in planned)
        return preview_of(((row.action, row.role, named[row.place], row.person.value) for row in rows), names)

    # The state is not compared here, because `apply_roster` compares it with `checked`.
    confirm(changes_of([result.row for result in planned], prod), given, preview, lambda: True)
    results = css.apply_roster(rows, exact=exact, checked=checked, progress=progress, **how)
    labels.read(css, results)
    return results


def _show_losses(css: Css, losses: Sequence[RoleRemovals]) -> None:
    """Print on stderr who loses which role.

    Also print how many of these people the roster lists with a different login.
    """
    for loss in losses:
        people = [f"{user.name} {user.username}".strip() for user in loss.users]
        again = f". The roster lists {len(loss.also_listed)} of them with another login" if loss.also_listed else ""
        place = css.integration(loss.integration).environment(loss.environment).roles.place
        say(in_words("revoke", people, loss.role, place) + again)


def changes_of(rows: Sequence[Row], prod: tuple[str, ...]) -> Changes:
    """Return the facts about rows. `prod` has the names of the projects that the rows change in prod."""
    actions = {row.action for row in rows}
    return Changes(adds="grant" in actions, removes="revoke" in actions, prod=prod)


def preview_of(changes: Iterable[tuple[str, str, Place, str]], people: Mapping[str, str]) -> list[str]:
    """Return a sentence for each role of each place, with the people who gain or lose the role.

    Args:
        changes: for each change, the action (`grant` or `revoke`), the role, the place, and the text that names the
            person.
        people: the known names of people, by username.
    """
    groups: dict[tuple[str, str, Place], dict[str, None]] = {}
    for action, role, place, person in changes:
        groups.setdefault((action, role, place), {})[f"{people.get(person, '')} {person}".strip()] = None
    return [in_words(action, names, role, place) for (action, role, place), names in groups.items()]


def in_words(action: str, people: Collection[str], role: str, place: Place) -> str:
    """Return a sentence that says how many people gain or lose a role, with up to ten of their names."""
    verb = "gain" if action == "grant" else "lose"
    who = {0: f"nobody {verb}s", 1: f"1 user {verb}s"}.get(len(people), f"{len(people)} users {verb}")
    return f"{who} the role {role!r} in {place}" + (f": {the_first_of(people)}" if people else "")


def the_first_of(names: Collection[str]) -> str:
    """Return the first ten names in alphabetical order, and how many more names there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(sorted(names)[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")


def carry_out(
    rows: Sequence[Row],
    given: Given,
    *,
    result_file: OutputFile | None = None,
    finished: Sequence[RowResult] = (),
    always_written: bool = False,
    with_bars: bool = False,
    **how: Any,
) -> int:
    """Ask for confirmation, carry out rows, write the result file, print the results, and return the exit code.

    After an interrupt, css finishes the calls that have begun, and prints the results. Then css raises the same
    `KeyboardInterrupt`.

    Args:
        given: the options. With `--allow-missing`, people who have never logged in do not change the exit code.
        finished: rows that were done before. The result file lists these rows, too.
        always_written: whether to write the result file even if no row is left to do.
        how: further arguments of `apply_roster` and `check_roster`.
    """
    labels = Labels()
    settled: list[RowResult] = []
    interrupt = None

    def note(result: RowResult) -> None:
        settled.append(result)
        tick(result)

    with interrupted_by_sigterm():
        try:
            with (
                given.client() as css,
                bar_on_terminal(0, "search", with_bars) as looking_up,
                bar_on_terminal(len(rows), "row", with_bars) as tick,
            ):
                results = apply_rows(css, rows, given, labels, note, looking_up=looking_up, **how)
        except KeyboardInterrupt as stop:
            results, interrupt = with_the_rest(settled, rows), stop
        # The result file is written before the results are printed: printing may take long, or fail in a closed pipe.
        was_written, sentences = write_results(
            sorted([*finished, *results], key=lambda result: result.row.line), result_file, always=always_written
        )
        # After an interrupt, the result file lists the skipped rows. Without such a file, css prints them.
        print_row_results(results, labels, given.as_json, with_skipped=interrupt is None or result_file is None)
        for sentence in sentences:
            say(sentence)
        if interrupt is not None:
            raise interrupt
        counting = [result for result in results if not (given.allow_missing and result.state == "never logged in")]
        return code_of_results(counting) if was_written else ExitCode.INCOMPLETE


def print_row_results(
    results: Sequence[RowResult], labels: Labels, as_json: bool, *, with_skipped: bool = True
) -> None:
    """Print the result of each row, and the number of rows in each state.

    If `with_skipped` is false, css leaves skipped rows out of the list. But css still counts these rows.
    """
    rows = [labels.record(result) for result in results if with_skipped or result.state != "skipped"]
    if not as_json:
        # Removals of an exact roster have no line in the file. A table shows only one of `username` and `person`.
        needless = "person" if all(row["username"] == row["person"] for row in rows) else "username"
        rows = [row | {"line": row["line"] or "", needless: ""} for row in rows]
    elif not any(row["line"] for row in rows):
        rows = [{key: value for key, value in row.items() if key not in _OF_ROSTERS} for row in rows]
    print_results(
        rows,
        as_json,
        states=[result.state if result.repeats is None else "repeated" for result in results],
        errors=[result.error for result in results],
    )
