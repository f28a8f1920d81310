"""`css doctor`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..support import options
from ..support.defaults import given_profile
from ..support.exit_codes import ExitCode
from ..support.options import Given, takes
from ..support.output import print_lines, print_rows
from ..support.request_options import given_timeout


@click.command()
@click.option("--team", "team_id", type=int, metavar="ID", help="Check that the credentials belong to this team.")
@click.option(
    "--extra",
    "extras",
    multiple=True,
    metavar="NAME",
    help="Check that this extra of css-sdk is installed. Can be given several times.",
)
@takes(options.json)
def doctor(given: Given, team_id: int | None, extras: Sequence[str]) -> int:
    """Find out why css does not work here, and print what to do.

    css checks the installation, the variables, the credentials and their team, the addresses, the login server of each
    environment, the service, the default integration and environment, and the clock. css changes nothing. css masks
    secrets, so that you can paste the output into a support ticket.

    Exit codes: 0 nothing is wrong; 1 a check found a problem.

    \b
    Examples:
      css doctor
      css doctor --team 2016 --extra verify
    """
    from ... import diagnose

    timeout = given_timeout(or_default=False)  # a fault of the config file is a finding, and no reason to stop
    diagnosis = diagnose(profile=given_profile(), team_id=team_id, extras=extras, reader="command_line", **timeout)
    if given.as_json:
        rows = [{"check": each.name, "state": each.state, "message": each.message} for each in diagnosis.checks]
        print_rows(rows, as_json=True)
    else:
        print_lines(diagnosis.text().splitlines())
    return ExitCode.DONE if diagnosis.is_good else ExitCode.FAILED
