"""`css roster check` and `css roster apply`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._changes import COLUMNS, Note, confirm, confirm_removal, losing, reported, row_told
from ._common import (
    json_option,
    place_options,
    print_rows,
    provider_option,
    removal_options,
    shown,
    width_option,
)
from ._files import check_writable
from ._opening import ended_as_by_an_interrupt, journal_option, opened
from ._progress import bar_on_terminal
from ._results import result_path, rows_in

if TYPE_CHECKING:
    from ..roster import RoleRemovals, RowResult

_file = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def roster() -> None:
    """Check and apply a roster: who shall have which role where.

    A roster is a file, or - for stdin, with a row for each grant: CSV, or JSON lines. Its columns: username, guid,
    email or client_id; role; integration; environment; action (grant or revoke). Integration and environment may be
    left to the options.

    \b
    Examples:
      css roster check roster.csv --online
      css roster apply roster.csv
    """


@roster.command()
@_file
@place_options(required=False)
@provider_option
@click.option("--online", is_flag=True, help="Look everybody and everything up, without a write.")
@width_option
@json_option
def check(
    file: Path,
    integration: str | None,
    environment: str | None,
    providers: Sequence[str],
    online: bool,
    width: int,
    as_json: bool,
) -> int:
    """Tell what is wrong with a roster, and what it would do.

    All faults of the file are told at once, each with its line. With --online each row is told that cannot be done,
    and of the others whether they are to be done or so already.

    \b
    Examples:
      css roster check roster.csv
      css roster check roster.csv -i "Grants Portal" -e dev --online
    """
    rows = rows_in(file, integration, environment)
    if not online:
        if as_json:
            print_rows([{"file": str(file), "rows": len(rows), "state": "fine"}], [], as_json)
        else:
            click.echo(f"{len(rows)} rows fine" if len(rows) != 1 else "1 row fine")
        return 0
    from .. import Css
    from ..models import EMPLOYEE_PROVIDERS

    with bar_on_terminal(len(rows)) as tick, Css.from_env() as css:
        checks = css.check_roster(rows, width=width, providers=providers or EMPLOYEE_PROVIDERS, progress=tick)
    print_rows([row_told(check.row, check.state, check.error) for check in checks], COLUMNS, as_json)
    counts = Counter(check.state for check in checks)
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do", err=True)
    return 3 if any(check.error is not None for check in checks) else 0


@roster.command()
@_file
@place_options(required=False)
@provider_option
@click.option("--exact", is_flag=True, help="Take the roles from everybody whom the roster does not list.")
@click.option(
    "--max-removals",
    type=click.IntRange(0),
    metavar="N",
    help="Let --exact take up to N from each role. Default: 10 or a fifth of its members, whichever is less; 4 always.",
)
@click.option(
    "--result",
    type=click.Path(path_type=Path),
    help="Where to write the results. Default: FILE.result.csv beside the file; none for stdin.",
)
@width_option
@removal_options
@journal_option
@json_option
def apply(
    file: Path,
    integration: str | None,
    environment: str | None,
    providers: Sequence[str],
    exact: bool,
    max_removals: int | None,
    result: Path | None,
    width: int,
    yes: bool,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Do what a roster says; nobody loses a role but where it says so.

    What is already so is left alone; what could not be done is written to a result file that can be applied again.
    Taking away says first who loses what. An interrupt, or SIGTERM, lets the calls in flight finish and writes down
    the rest; after anything worse, and with --exact in any case, apply the roster itself again.

    With --exact the members of the roles that the roster names become exactly those that it lists. A row that is
    ambiguous, failed or means another provider may mean one of those who would lose the role, and holds these
    removals back; one whose user never logged in does not.

    \b
    Examples:
      css roster apply roster.csv
      css roster apply roster.result.csv
      css roster apply everybody.csv -i "Grants Portal" -e prod --exact --allow-prod --yes
    """
    from .._limits import check_removals
    from ..models import EMPLOYEE_PROVIDERS

    if max_removals is not None and not exact:
        raise click.UsageError("--max-removals is for --exact only.")
    rows = rows_in(file, integration, environment, exact=exact)
    result = result or result_path(file)
    if result is not None:
        check_writable(result)

    def confirm_losses(losses: Sequence[RoleRemovals]) -> None:
        sentences = [losing(each.usernames, each.role, f"{each.integration}, {each.environment}") for each in losses]
        for sentence in sentences:
            click.echo(shown(sentence), err=True)
        for each in losses:
            what = f"members of the role {each.role!r} in {each.integration}, {each.environment}"
            check_removals(what, len(each.usernames), each.members, max_removals)
        confirm([], {each.environment for each in losses}, yes, allow_prod)

    def work(note: Note) -> Sequence[RowResult]:
        with bar_on_terminal(len(rows)) as tick, opened(journal) as css:

            def told(result: RowResult) -> None:
                note(result)
                tick(result)

            return css.apply_roster(
                rows,
                exact=exact,
                confirm=confirm_losses,
                width=width,
                providers=providers or EMPLOYEE_PROVIDERS,
                progress=told,
            )

    if not exact:
        confirm_removal([row for row in rows if row.action == "revoke"], yes, allow_prod)
    with ended_as_by_an_interrupt():
        return reported(rows, work, as_json=as_json, result_file=result)
