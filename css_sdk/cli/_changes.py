"""What the commands that give and take roles share: reading who, asking, carrying out, reporting."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._common import print_rows, shown

if TYPE_CHECKING:
    from ..roster import Action, Row, RowResult

_COLUMNS = ["line", "state", "action", "role", "integration", "environment", "user", "message"]
_MOST_NAMED = 10
STDIN = Path("-")


def rows_of(
    action: Action,
    users: Sequence[str],
    client_ids: Sequence[str],
    roles: Sequence[str],
    integration: str | None,
    environment: str | None,
) -> Sequence[Row]:
    """The rows that arguments and options stand for."""
    from ..roster import Person, Row

    if not integration or not environment:
        raise click.UsageError("Say where: --integration and --environment.")
    if not roles:
        raise click.UsageError("Say which role: --role.")
    if not users and not client_ids:
        raise click.UsageError("Say who: usernames, or --client-id for a service account.")
    people = [Person("username", user) for user in users] + [Person("client_id", client) for client in client_ids]
    return [Row(0, person, role, integration, environment, action) for person in people for role in roles]


def rows_in(file: Path, integration: str | None, environment: str | None) -> Sequence[Row]:
    """The rows of a roster file, or of stdin."""
    from ..errors import InvalidFile
    from ..roster import read_roster

    name = "stdin" if file == STDIN else file.name
    try:
        content = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}.") from None
    return read_roster(content, name, integration=integration, environment=environment)


def result_path(file: Path) -> Path | None:
    """Where the results of a roster go: beside it, and back into it where it holds results itself."""
    if file == STDIN or not file.is_file():
        return None
    return file.with_name(f"{file.stem.removesuffix('.result')}.result.csv")


def writable(file: Path | None) -> Path | None:
    """The file, when it can be written; better known before anything is sent."""
    from ..errors import InvalidFile

    if file is not None and (file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK)):
        raise InvalidFile(f"{file} cannot be written. Nothing was sent; say --result FILE.")
    return file


def confirm_removal(rows: Sequence[Row], yes: bool, allow_prod: bool) -> None:
    """Says who loses what, and goes on only when that is wanted."""
    from ..errors import NotConfirmed

    if not rows:
        return
    for place in dict.fromkeys(row.place for row in rows):
        there = [row for row in rows if row.place == place]
        for role in dict.fromkeys(row.role for row in there):
            people = sorted({row.person.value for row in there if row.role == role})
            who = "1 user loses" if len(people) == 1 else f"{len(people)} users lose"
            named = ", ".join(people[:_MOST_NAMED]) + (", …" if len(people) > _MOST_NAMED else "")
            click.echo(shown(f"{who} the role {role!r} in {', '.join(place)}: {named}"), err=True)
    if any(row.environment == "prod" for row in rows) and not allow_prod:
        raise NotConfirmed("Roles would be taken away in prod. Nothing was sent; say --allow-prod if you mean it.")
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed("Roles would be taken away, and there is no terminal to ask. Nothing was sent; say --yes.")
    if not click.confirm("Take them away?", err=True):
        raise NotConfirmed("Not confirmed. Nothing was sent.")


def carry_out(
    rows: Sequence[Row],
    *,
    as_json: bool,
    skip_existing: bool,
    result_file: Path | None = None,
    providers: Sequence[str] = (),
) -> int:
    """Does what the rows say, reports it, writes down what is left, and gives the exit code.

    An interrupt lets the calls in flight finish; then the same is reported and written down.
    """
    from .. import Css
    from ..models import EMPLOYEE_PROVIDERS

    settled: list[RowResult] = []
    try:
        with Css.from_env() as css:
            results: Sequence[RowResult] = css.apply_roster(
                rows, skip_existing=skip_existing, providers=providers or EMPLOYEE_PROVIDERS, progress=settled.append
            )
    except KeyboardInterrupt:
        _report(settled, as_json)
        _write(_with_the_rest(settled, rows), result_file)
        raise
    _report(results, as_json)
    was_written = _write(results, result_file)
    return _exit_code(results) if was_written else 3


def _with_the_rest(settled: Sequence[RowResult], rows: Sequence[Row]) -> Sequence[RowResult]:
    from ..errors import CssError
    from ..roster import RowResult

    tried = {id(result.row) for result in settled}
    untried = [row for row in rows if id(row) not in tried]
    return [*settled, *(RowResult(row, "failed", CssError("Interrupted before this was tried.")) for row in untried)]


def _write(results: Sequence[RowResult], file: Path | None) -> bool:
    """Writes down what is left; an older file of results is brought up to date in any case."""
    from ..roster import results_as_csv

    is_left = any(not result.is_done for result in results)
    if file is None or not (is_left or file.exists()):
        return True
    draft = file.with_name(f"{file.name}.tmp")
    try:
        # With the mark by which Excel knows UTF-8, and the line ends of CSV left alone; whole, or not at all.
        draft.write_bytes(results_as_csv(results).encode("utf-8-sig"))
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        click.echo(f"css: the results could not be written to {file}: {error.strerror}.", err=True)
        return False
    if is_left:
        click.echo(f"What is left to do stands in {file}.", err=True)
    return True


def _report(results: Sequence[RowResult], as_json: bool) -> None:
    rows = [
        {
            "line": result.row.line,
            "state": result.state,
            "action": result.row.action,
            "role": result.row.role,
            "integration": result.row.integration,
            "environment": result.row.environment,
            "user": result.row.person.value,
            "message": str(result.error or ""),
        }
        for result in results
    ]
    print_rows(rows, _COLUMNS if any(row["line"] for row in rows) else _COLUMNS[1:], as_json)
    counts = {state: sum(row["state"] == state for row in rows) for state in dict.fromkeys(r["state"] for r in rows)}
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()), err=True)


def _exit_code(results: Sequence[RowResult]) -> int:
    from ..errors import Refused

    left = [result for result in results if not result.is_done]
    if not left:
        return 0
    if len(results) > 1 or left[0].outcome == "unknown":
        return 3
    return 4 if isinstance(left[0].error, Refused) else 1
