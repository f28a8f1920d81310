"""Give the roles of a roster on many machines: dask sends chunks of the rows to workers.

usage: python examples/many_machines.py ROSTER [SCHEDULER]

Without the address of a scheduler, two processes of this machine do the work. Each worker reads the credentials from
its own environment (`CSS_CLIENT_ID` and so on), so they are never sent to it. At most `width` chunks are in progress at
once, even with more workers. The calls of one chunk are made one after the other.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import Executor
from itertools import groupby
from pathlib import Path

from distributed import Client, LocalCluster

from css_sdk import Css, CssError, Grant, GrantResult, Row, read_roster


def main(roster: str, scheduler: str | None = None) -> int:
    """Print the errors, and the number of rows for each outcome. Return the exit code, which is 3 if a row failed."""
    path = Path(roster)
    try:
        rows = read_roster(path.read_bytes(), path.name)
        # Not `pure`: otherwise dask may return the result of an earlier call with the same arguments.
        with dask(scheduler) as client, client.get_executor(pure=False) as executor, Css.from_env() as css:
            results = give(css, rows, executor)
    except CssError as error:
        sys.exit(str(error))
    for result in results:
        if result.error is not None:
            print(result.grant.user, result.grant.role, result.error, sep="\t", file=sys.stderr)  # noqa: T201
    for outcome, count in Counter(result.outcome for result in results).items():
        print(count, outcome)  # noqa: T201
    return 3 if any(result.error is not None for result in results) else 0


def dask(scheduler: str | None) -> Client:
    """Return a client of the scheduler at this address; without an address, start a scheduler with two processes."""
    if scheduler is not None:
        return Client(scheduler)
    return Client(LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address="127.0.0.1:0"))


def give(css: Css, rows: tuple[Row, ...], executor: Executor, width: int = 4) -> list[GrantResult]:
    """Give the roles that the rows name, one environment after the other."""
    results: list[GrantResult] = []
    for (integration, environment), group in groupby(sorted(rows, key=lambda row: row.place), lambda row: row.place):
        place = css.integration(integration).environment(environment)
        grants = [grant_of(row) for row in group]
        results += place.bulk.assign_many(grants, skip_existing=True, executor=executor, width=width)
    return results


def grant_of(row: Row) -> Grant:
    """Return the grant of a row. The row must name the user by username or client id."""
    if row.person.user is None or row.action != "grant":
        raise CssError(f"Line {row.line}: only grants to a username or a client_id are for this script.")
    return Grant(row.person.user, row.role)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
