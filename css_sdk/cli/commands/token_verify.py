"""`css token verify`."""

from __future__ import annotations

import os

import click

from ..support.options import json_option, print_rows
from ..support.terminal import is_closed


@click.command()
@click.argument("stdin", metavar="[-]", nargs=-1)
@click.option("--file", metavar="FILE", default="-", help="File that holds the token; standard input without it.")
@click.option("--issuer", metavar="URL", help="Who issued it; without it who gives tokens by `css token --system css`.")
@click.option("--audience", metavar="CLIENT_ID", required=True, help="The client id of the application that it is for.")
@click.option("--role", metavar="ROLE", help="A role that it has to hold there.")
@json_option
def verify(
    stdin: tuple[str, ...], file: str, issuer: str | None, audience: str, role: str | None, as_json: bool
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

    from ... import InvalidToken, TokenVerifier

    if stdin not in ((), ("-",)):
        # Click's own words would repeat it.
        raise click.UsageError("A token is not given as an argument, which others see: use standard input or --file.")
    held = _read(file)
    with TokenVerifier(issuer or _issuer(), audience) as verifier:
        try:
            told = verifier.verify(held)
        except InvalidToken as error:
            if error.reason not in ("unknown key", "issuer"):
                raise
            raise InvalidToken(f"{error} Other issuers are named by --issuer.", reason=error.reason) from None
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


def _read(file: str) -> str:
    """The token in a file, or on standard input.

    Raises:
        UsageError: when there is none; it does not repeat the name of the file, which might be the token.
    """
    from ...auth.verification import LONGEST

    if file == "-" and is_closed("stdin"):
        raise click.UsageError("Standard input is closed, and the token is read from it. Name a file with --file.")
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as source:
            held: str = source.read(LONGEST + 3).strip()  # a line's end may follow the longest
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no name of a file"
        raise click.UsageError(f"What --file names cannot be read: {reason}.") from None
    if not held:
        place = "on standard input" if file == "-" else "in the file"
        raise click.UsageError(f"There is no token {place}: `css token --system css --raw` prints one.")
    return held


def _issuer() -> str:
    """Who gives the tokens of the API; that needs no credentials, but where there are some, their addresses count."""
    from ... import systems

    if any(os.environ.get(f"CSS_{name}") for name in ("CLIENT_ID", "CLIENT_SECRET", "CREDENTIALS_FILE")):
        found = systems.css()
    else:
        found = systems.css(client_id="none", client_secret="none", token_url=os.environ.get("CSS_TOKEN_URL") or None)  # noqa: S106
    if found.issuer is None:
        raise click.UsageError("The token address does not tell who issues tokens there: give --issuer.")
    return found.issuer
