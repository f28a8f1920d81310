"""`css compare`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..support.client import opened
from ..support.options import json_option, places_options, print_rows, width_option
from ..support.plans import states_of

_MARKS = {True: "yes", False: "-", None: "?"}


@click.command()
@places_options
@click.option("--members", is_flag=True, help="Compare the members of roles, too.")
@click.option("--differences", is_flag=True, help="Show only differences.")
@width_option
@json_option
def compare(
    integrations: Sequence[str],
    environments: Sequence[str],
    members: bool,
    differences: bool,
    width: int,
    as_json: bool,
) -> None:
    """Compare the roles and composite roles of environments.

    With --json, css prints one object for each role, child or member, with the places that have it and those that do
    not.

    \b
    Examples:
      css compare -i "Grants Portal"
      css compare -i 101 -e dev -e test --members --differences --json
    """
    from ...plan.transfer import side_by_side

    with opened() as css:
        chosen = None if members else ()
        states = states_of(css, integrations, environments, lambda one: one.state(chosen, width=width))
    places = [str(state.place) for state in states]
    rows = [row for row in side_by_side(states) if row.differs or not differences]
    if as_json:
        objects = [
            {
                "kind": row.kind,
                "role": row.role,
                "target": row.target,
                "differs": row.differs,
                "present": dict(zip(places, row.present, strict=True)),
            }
            for row in rows
        ]
        return print_rows(objects, [], as_json)
    cells = [
        {"what": row.kind, "role": row.role, "target": row.target}
        | {place: _MARKS[has] for place, has in zip(places, row.present, strict=True)}
        for row in rows
    ]
    return print_rows(cells, ["what", "role", "target", *places], as_json)
