"""`css compare`."""

from __future__ import annotations

import click

from ..support import options, records
from ..support.options import Given, flag, takes
from ..support.output import print_rows
from ..support.plans import states_of

_MARKS = {True: "yes", False: "-", None: "?"}


@click.command()
@takes(
    options.places,
    flag("--members", help="Compare the members of roles, too."),
    flag("--differences", help="Show only differences."),
    options.width,
    options.json,
)
def compare(given: Given, members: bool, differences: bool) -> None:
    """Compare the roles and composite roles of environments.

    With --json, css prints one object for each role, child or member. The object lists all places that css compared,
    and whether each place has this role, child or member.

    \b
    Examples:
      css compare -i "Grants Portal"
      css compare -i 101 -e dev -e test --members --differences --json
    """
    from ...plan.transfer import side_by_side

    with given.client() as css:
        states = states_of(css, given, members=members)
    places = [state.place for state in states]
    rows: list[dict[str, object]] = []
    for row in side_by_side(states):
        if row.differs or not differences:
            present = list(zip(places, row.present, strict=True))
            what: dict[str, object] = {"kind": row.kind, "role": row.role, "target": row.target}
            if given.as_json:
                there = [{**records.of(place), "present": has} for place, has in present]
                rows.append({**what, "differs": row.differs, "present": there})
            else:
                rows.append(what | {str(place): _MARKS[has] for place, has in present})
    print_rows(rows, given.as_json, ["kind", "role", "target", *map(str, places)])
