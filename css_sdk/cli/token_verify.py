"""`css token verify`."""

from __future__ import annotations

import os
from typing import TextIO

import click

from ._common import json_option, print_rows


@click.command()
@click.argument("stdin", metavar="[-]", nargs=-1)
@click.option(
    "--file",
    "source",
    type=click.File("r", encoding="utf-8", errors="replace"),
    default="-",
    help="File that holds the token; standard input without it.",
)
@click.option("--issuer", metavar="URL", help="Who issued it; without it the login server of CSS_TOKEN_URL, or prod's.")
@click.option("--audience", metavar="CLIENT_ID", required=True, help="The client id of the application that it is for.")
@click.option("--role", metavar="ROLE", help="A role that it has to hold there.")
@json_option
def verify(
    stdin: tuple[str, ...], source: TextIO, issuer: str | None, audience: str, role: str | None, as_json: bool
) -> None:
    """Check a token, and tell whose it is, its roles, and how long it lives.

    The token comes on standard input or in a file: an argument would be seen by others on this machine.

    Exit codes: 0 the token is good; 1 it is not, which is told with the reason, or the issuer's keys cannot be had;
    4 it is good, but lacks the role; 64 usage or file error.

    \b
    Example:
      css token --system css --raw | css token verify --audience account
      css token verify --audience grants-portal-101 --role reviewer < token.txt
    """
    import time

    from .. import TokenVerifier
    from ..tokens import LONGEST

    if stdin not in ((), ("-",)):
        # Click's own words would repeat it.
        raise click.UsageError("A token is not given as an argument, which others see: use standard input or --file.")
    held = source.read(LONGEST + 3).strip()  # a line's end may follow the longest
    with TokenVerifier(issuer or _issuer(), audience) as verifier:
        told = verifier.verify(held)
    if role is not None:
        told.require_role(role)
    row = {
        "subject": told.subject,
        "client_id": told.client_id,
        "service_account": told.is_service_account,
        "roles": sorted(told.roles),
        "issued_at": told.issued_at.isoformat(),
        "expires_at": told.expires_at.isoformat(),
        "expires_in": round(told.expires_at.timestamp() - time.time()),
    }
    if as_json:
        print_rows([row], list(row), True)
        return
    print_rows([{"name": name, "value": _shown(value)} for name, value in row.items()], ["name", "value"], False)


def _shown(value: object) -> object:
    if value is None or value == []:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _issuer() -> str:
    """The login server that gives the tokens of the API, by the address of its token endpoint."""
    from ..settings import TOKEN_URL

    issuer, found, _ = (os.environ.get("CSS_TOKEN_URL") or TOKEN_URL).partition("/protocol/")
    if not found:
        raise click.UsageError("CSS_TOKEN_URL does not tell who issues tokens there: give --issuer.")
    return issuer
