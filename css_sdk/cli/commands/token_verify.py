"""`css token verify`."""

from __future__ import annotations

import os

import click

from ..support.options import json_option, print_rows
from ..support.terminal import is_closed


@click.command()
@click.argument("stdin", metavar="[-]", nargs=-1)
@click.option("--file", metavar="FILE", default="-", help="File that holds the token. Default: standard input.")
@click.option("--issuer", metavar="URL", help="Address of the issuer. Default: the issuer of css token --system css.")
@click.option(
    "--audience", metavar="CLIENT_ID", required=True, help="Client id of the application that the token is for."
)
@click.option("--role", metavar="ROLE", help="Role that the token must hold in this application.")
@json_option
def verify(
    stdin: tuple[str, ...], file: str, issuer: str | None, audience: str, role: str | None, as_json: bool
) -> None:
    """Verify a token and show whose it is, its roles and its lifetime.

    Pass the token on standard input or in a file. Others on this machine could see an argument.

    Exit codes: 0 the token is valid; 1 it is not valid, or css could not read the issuer's keys; 4 it is valid but
    does not have the role; 64 usage or file error.

    \b
    Example:
      css token --system css --raw | css token verify --audience account
      css token verify --audience grants-portal-101 --role reviewer < token.txt
    """
    import time

    from ... import InvalidToken, TokenVerifier

    if stdin not in ((), ("-",)):
        # Click's own words would repeat it.
        raise click.UsageError(
            "Do not pass a token as an argument: others on this machine can see it. Use standard input or --file."
        )
    held = _read(file)
    with TokenVerifier(issuer or _issuer(), audience) as verifier:
        try:
            verified = verifier.verify(held)
        except InvalidToken as error:
            if error.reason not in ("unknown key", "issuer"):
                raise
            raise InvalidToken(f"{error} To accept another issuer, pass --issuer.", reason=error.reason) from None
    if role is not None:
        verified.require_role(role)
    row = {
        "subject": verified.subject,
        "client_id": verified.client_id,
        "service_account": verified.is_service_account,
        "roles": sorted(verified.roles),
        "issued_at": verified.issued_at.isoformat(),
        "expires_at": verified.expires_at.isoformat(),
        "expires_in": round(verified.expires_at.timestamp() - time.time()),
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
    """Return the token in a file, or on standard input.

    Raises:
        UsageError: when there is none; it does not repeat the name of the file, which might be the token.
    """
    from ...auth.verification import LONGEST

    if file == "-" and is_closed("stdin"):
        raise click.UsageError(
            "Standard input is closed, so css cannot read the token from it. Name a file with --file."
        )
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as source:
            held: str = source.read(LONGEST + 3).strip()  # a line's end may follow the longest
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a valid file name"
        raise click.UsageError(f"The file that --file names cannot be read: {reason}.") from None
    if not held:
        place = "on standard input" if file == "-" else "in the file"
        raise click.UsageError(f"There is no token {place}. To get one, run: css token --system css --raw")
    return held


def _issuer() -> str:
    """Return the issuer of the API's tokens. If there are credentials, their addresses count."""
    from ... import systems

    if any(os.environ.get(f"CSS_{name}") for name in ("CLIENT_ID", "CLIENT_SECRET", "CREDENTIALS_FILE")):
        found = systems.css()
    else:
        found = systems.css(client_id="none", client_secret="none", token_url=os.environ.get("CSS_TOKEN_URL") or None)  # noqa: S106
    if found.issuer is None:
        raise click.UsageError("css cannot derive the issuer from the address in CSS_TOKEN_URL. Pass --issuer.")
    return found.issuer
