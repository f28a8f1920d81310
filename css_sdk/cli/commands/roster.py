"""`css roster check`, `css roster export` and `css roster apply`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._text.words import counted, lines_in_words
from ..support import options, reports
from ..support.changes import Labels, carry_out, print_row_results
from ..support.exit_codes import ExitCode
from ..support.files import OutputFile, text_in
from ..support.groups import Group
from ..support.options import Given, flag, several, takes, together
from ..support.output import print_rows, say
from ..support.progress import bar_on_terminal
from ..support.roster_results import result_file, rows_in

if TYPE_CHECKING:
    from ...roster.rows import Roster

_READING = together(
    options.file,
    options.place(required=False),
    click.option("--role", metavar="ROLE", help="Role for rows without a role."),
    click.option(
        "--action",
        type=click.Choice(["grant", "revoke"]),
        help="Action for rows without an action. Default: grant.",
    ),
    several(
        "--column",
        "columns",
        help="Read the column NAME of the roster as COLUMN, for example role=Rolle.",
        metavar="COLUMN=NAME",
    ),
    click.option(
        "--columns",
        "mapping",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="File with lines COLUMN=NAME. Each line means the same as --column COLUMN=NAME.",
    ),
    several("--ignore", help="Ignore this column, for example notes.", metavar="COLUMN"),
    click.option("--split", metavar="TEXT", help="Text between several roles or people in one cell, such as ';'."),
    click.option("--skip-rows", type=options.COUNT, default=0, metavar="N", help="Skip N lines above the header."),
    click.option(
        "--sheet", metavar="NAME", help="Sheet of the workbook to read. Required if several sheets are not empty."
    ),
    click.option(
        "--timezone", metavar="NAME", help="Time zone of the last days (column until), such as America/Vancouver."
    ),
    flag("--prune", help="Remove roles whose last day (until) is over. By default, css leaves out these rows."),
    click.option("--encoding", metavar="NAME", help="Encoding of a text file, such as cp1252. Default: UTF-8."),
)
"""The roster file, and the options for reading the file."""
_ROSTER_OPTIONS = together(
    _READING,
    options.provider,
    options.logins,
    flag(
        "--exact",
        help="Give each role in the roster exactly the members in the roster. css removes all others from the role.",
    ),
    options.removals(
        "With --exact, allow up to N removals from each role. Default: a fifth of its members, but at least 4 and at "
        "most 10."
    ),
    options.width,
    options.json,
)
"""The roster file, and the options that `css roster check` and `css roster apply` share."""


def _read(
    given: Given,
    file: Path,
    *,
    exact: bool,
    columns: Sequence[str],
    mapping: Path | None,
    prefer: Sequence[str],
    all_logins: bool,
    timezone: str | None,
    **reading: Any,
) -> tuple[Roster, dict[str, Any]]:
    """Return the rows of a roster, and the arguments for `check_roster` and `apply_roster`.

    Print on stderr which lines of the roster are left out, and why.
    """
    from ...plan.dates import day_in
    from ...roster.columns import columns_in_words, read_mapping

    if given.max_removals is not None and not exact:
        raise click.UsageError("--max-removals needs --exact.")
    named = {} if mapping is None else read_mapping(*text_in(mapping))
    named |= read_mapping("\n".join(columns), "--column")
    place = {"integration": given.integration, "environment": given.environment}
    day = day_in(timezone, datetime.datetime.now(datetime.UTC)) if timezone else None
    rows = rows_in(file, exact=exact, columns=named, day=day, **place, **reading)
    if rows.indirect:
        lines = lines_in_words(rows.indirect)
        say(f"css leaves out rows of people who have the role only through a composite role: {lines}.")
    if rows.finished:
        lines = lines_in_words(sorted({result.row.line for result in rows.finished}))
        columns = columns_in_words(rows.outcome_columns)
        say(
            f"css leaves out rows that are done according to {columns}: {lines}. To apply such a row again, clear "
            f"{columns} in it."
        )
    if rows.ended:
        pruned = not exact and reading["prune"]
        why = ", because other rows still grant the roles" if pruned else ""
        hint = "" if exact or pruned else " With --prune, css removes these roles, unless other rows still grant them."
        say(f"css leaves out rows whose last day is over{why}: {lines_in_words(rows.ended)}.{hint}")
    how = {
        "exact": exact,
        "max_removals": given.max_removals,
        "width": given.width,
        "providers": given.employees,
        "prefer": prefer,
        "all_logins": all_logins,
    }
    return rows, how


@click.group(cls=Group)
def roster() -> None:
    """Check, apply and export a roster: a table of who must have which role.

    A roster is a file in CSV, JSON or Excel format, or - for standard input. It has one row for each grant. The columns
    username, guid, email and client_id identify a person or a service account: fill in one of them. Other columns are
    provider, role, integration, environment, action (grant or revoke) and until (the last day). You can pass the role,
    the integration, the environment and the action as options instead.

    \b
    Examples:
      css roster check roster.csv --online
      css roster apply roster.csv
    """


@roster.command()
@takes(_ROSTER_OPTIONS, flag("--online", help="Look up people and roles. css changes nothing."))
def check(given: Given, online: bool, file: Path, **roster_options: Any) -> int:
    """Check a roster, and show what it would change.

    css prints all faults of the file at once, each with its line. With --online, css also looks up people and roles.
    css then shows which rows must be done, need no change, or cannot be done. With --online and --exact, css also shows
    who would lose a role.

    \b
    Examples:
      css roster check roster.csv
      css roster check roster.csv --online --exact
    """
    from ...roster.columns import columns_in_words

    rows, how = _read(given, file, **roster_options)
    if rows.synonyms:
        read_as = ", ".join(f"{name!r} as {column}" for name, column in rows.synonyms.items())
        say(f"css reads columns with other names: {read_as}. To ignore such a column, pass --ignore with its name.")
    if rows.unused:
        say(f"css does not use {columns_in_words(rows.unused)}.")
    if not online:
        from ...roster.rows import find_repeated

        repeated = find_repeated(rows)
        if given.as_json:
            print_rows([{"file": str(file), "rows": len(rows), "state": "fine"}], True)
        else:
            click.echo(f"{counted(len(rows) - len(repeated), 'row')} fine")
        for row, earlier in repeated:
            say(f"line {row.line} repeats line {earlier.line}")
        say("css read only the file. To look up people and roles, pass --online.")
        return ExitCode.DONE
    labels = Labels()
    with bar_on_terminal(0, "search") as looking_up, bar_on_terminal(len(rows)) as tick, given.client() as css:
        results = css.check_roster(rows, progress=tick, looking_up=looking_up, **how)
        labels.read(css, results)
    print_row_results(results, labels, given.as_json)
    return ExitCode.INCOMPLETE if any(result.error is not None for result in results) else ExitCode.DONE


@roster.command()
@takes(
    options.places,
    options.roles("Export only this role."),
    reports.written_as(reports.ROSTER_FORMATS, "an export", reports.is_roster),
)
def export(given: Given, roles: Sequence[str], kind: str | None, output: OutputFile) -> int:
    """Write the current members of roles as a roster, one row for each direct grant.

    You can edit the file, check it with css roster check --online, and apply it with css roster apply. Rows that you
    did not edit need no change. The file does not contain roles that people have through composite roles. To write
    roles and composite roles, use css export. If a role does not exist in any environment, css writes no roster, and
    the exit code is 1.

    \b
    Examples:
      css roster export -i "Grants Portal" -e dev --output grants.xlsx
      css roster export --role reviewer
    """
    from ...report.text import ROSTER_COLUMNS, grants_as_cells

    output.check()
    kind = reports.format_of(kind, output.path, given.as_json, reports.ROSTER_FORMATS)
    found = reports.access_of(given, roles)
    if kind == "jsonl":
        grants = (row.as_record() for row in found.rows() if row.direct)
        output.write(reports.json_lines({column: grant[column] for column in ROSTER_COLUMNS} for grant in grants))
    else:
        reports.write_table(output, kind, lambda: grants_as_cells(found), "Roster")
    return reports.say_unread(found, given)


@roster.command()
@takes(
    _ROSTER_OPTIONS,
    click.option(
        "--result",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the results to this file. By default, css writes a result file only if some rows are not done. The "
        "result file of team.csv is team.result.csv.",
    ),
    options.force,
    flag(
        "--allow-missing",
        help="Do not count rows of people who have never logged in: exit with code 0 if all other rows are done. Such "
        "a row must have a username, or a whole GUID and its provider.",
    ),
    options.consent,
    options.no_names,
    options.journal,
)
def apply(given: Given, file: Path, result: Path | None, **roster_options: Any) -> int:
    """Give and remove the roles that a roster lists.

    css sends only what is missing. If the roster removes anything, css shows who loses what and asks for confirmation.
    In scripts, pass --yes, and in prod --allow-prod too.

    If some rows cannot be done, css writes the results of all rows to a result file. Correct this file and apply it. If
    you press Ctrl-C, css waits for the requests that it has already sent, and writes the result file. After a crash,
    apply the roster itself again. With --exact, correct and apply the roster itself, not the result file.

    With --exact, each role in the roster gets exactly the members that the roster lists. If a row is "not found",
    "ambiguous", "failed" or "wrong provider", css removes nobody from the role of this row. The reason is that the
    person in the row may be a member. But a row that is "never logged in" does not block removals. Such a row has a
    username, or a whole GUID with its provider.

    \b
    Examples:
      css roster apply roster.csv
      css roster apply roster.result.csv --allow-missing
      css roster apply everybody.csv -i "Grants Portal" -e prod --exact --allow-prod --yes
    """
    rows, how = _read(given, file, **roster_options)
    results, other_name = result_file(file, result, rows, exact=roster_options["exact"], force=given.force)
    if other_name:
        say(f"css: {other_name}")
    how |= {"result_file": results, "always_written": result is not None, "finished": rows.finished}
    code = carry_out(rows, given, with_bars=True, **how)
    # Return `INCOMPLETE` even if the roster has a single row, because another run can carry out this row.
    return ExitCode.INCOMPLETE if code else ExitCode.DONE
