"""`css export`."""

from __future__ import annotations

import click

from ...roles_file.exports import is_unchanged_export, marked_export
from ..support import options
from ..support.files import OutputFile
from ..support.options import Given, flag, output_option, takes
from ..support.plans import states_of


@click.command()
@takes(
    options.places,
    flag(
        "--additive",
        help="Write additive sets. By default, sets are exact: css apply --prune removes what the file does not list.",
    ),
    flag("--by-name", help="Name integrations by project name if the name is unique. By default, css writes the id."),
    flag("--names", help="Add people's names to usernames, as comments."),
    output_option(
        "--output",
        "an export",
        is_unchanged_export,
        "Write to this file, readable only by you. An older export is replaced if nobody has changed it.",
    ),
    options.width,
)
def export(given: Given, additive: bool, by_name: bool, names: bool, output: OutputFile) -> None:
    """Write the current roles, composite roles and members as a roles file.

    For this file, css plan shows no changes until somebody changes the file or the roles.

    \b
    Examples:
      css export -i "Grants Portal" -e dev
      css export --additive --by-name --output roles.yaml
    """
    from ... import desired_as_yaml, read_desired
    from ...errors import InvalidFile
    from ...plan.transfer import export as exported

    output.check()
    with given.client() as css:
        states = states_of(css, given)
        team = css.integrations()
    wanted = exported(states, exact=not additive, by_name=by_name, team=team)
    people = {user.username: user.name for state in states for user in state.users.values()} if names else {}
    text = marked_export(desired_as_yaml(wanted, names=people))
    try:
        read_desired(text, "the file", max_bytes=None)
    except InvalidFile as error:
        message = "A roles file cannot describe what is in the service. No file was written."
        raise InvalidFile(message, faults=error.faults) from None
    output.write([text])
