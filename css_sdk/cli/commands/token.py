"""`css token` and `css token verify`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from ..support import options
from ..support.defaults import given_profile
from ..support.groups import Group
from ..support.options import Given, check_one_format, flag, takes
from ..support.output import print_rows
from ..support.request_options import given_timeout
from ..support.terminal import is_closed

if TYPE_CHECKING:
    from ...systems import System


class _TokenGroup(Group):
    """The group `css token`. Its errors do not repeat an unknown subcommand, because the word may be a token."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] != "verify":
            raise click.UsageError(
                "The only subcommand of css token is verify. It reads the token from standard input or from --file.",
                ctx,
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_TokenGroup, invoke_without_command=True)
@click.option(
    "--system",
    type=click.Choice(["css", "cern", "bss"]),
    help="System that issues the token. Required, except for css token verify.",
)
@click.option("--audience", metavar="CLIENT_ID", help="Application that the token is for (only with --system cern).")
@flag("--raw", help="Print only the token itself.")
@takes(options.json)
def token(given: Given, system: str | None, audience: str | None, raw: bool) -> None:
    """Get a token and show its claims and its lifetime.

    Set the credentials in the variables of the system, which begin with CSS_, CERN_ or BSS_. Or set
    CSS_CREDENTIALS_FILE, CERN_CREDENTIALS_FILE or BSS_CREDENTIALS_FILE to a file that holds them.

    \b
    Examples:
      css token --system css
      css token --system cern --audience grants-portal-api --raw
    """
    from ... import systems

    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        if system or audience or raw or given.as_json:
            raise click.UsageError(f"Put all options after the subcommand: css token {ctx.invoked_subcommand} …")
        return None
    if system is None:
        raise click.UsageError("Pass --system css, --system cern or --system bss.")
    if audience is not None and system != "cern":
        raise click.UsageError(f"--audience works only with --system cern, not with {system}.")
    check_one_format(raw=raw, json=given.as_json)
    # The application is not called, so its address does not matter.
    application = {"audience": audience, "base_url": systems.AUTHORIZATION_SERVICE_URL} if audience else {}
    profile = {"profile": given_profile()} if system == "css" else {}
    found: System = getattr(systems, system)(**application, **profile)
    made = found.token(**given_timeout())
    if raw:
        return click.echo(made.secret.reveal())
    row = {"system": found.name, "kind": "JWT" if made.claims else "opaque", "expires_in": made.life}
    if given.as_json:
        return print_rows([{**row, "claims": made.claims}], True)
    return _print_pairs({**row, "expires_in": "unknown" if made.life is None else f"{made.life:.0f} s"} | made.claims)


def _print_pairs(row: Mapping[str, object]) -> None:
    """Print each name and its value in a line."""
    print_rows([{"name": name, "value": value} for name, value in row.items()], False)


@token.command()
@click.argument("stdin", metavar="[-]", nargs=-1)
@click.option("--file", metavar="FILE", default="-", help="File that holds the token. Default: standard input.")
@click.option("--issuer", metavar="URL", help="Address of the issuer. Default: the issuer of the CSS API's tokens.")
@click.option(
    "--audience", metavar="CLIENT_ID", required=True, help="Client id of the application that the token is for."
)
@click.option("--role", metavar="ROLE", help="Role that the token must hold in this application.")
@takes(options.json)
def verify(
    given: Given, stdin: tuple[str, ...], file: str, issuer: str | None, audience: str, role: str | None
) -> None:
    """Verify a token, and show its owner, roles and lifetime.

    Pass the token on standard input or in a file, because other users of this machine can see arguments.

    Exit codes: 0 the token is valid; 1 it is not valid, or css could not read the issuer's keys; 4 it is valid but
    does not have the role; 64 usage or file error.

    \b
    Examples:
      css token --system css --raw | css token verify --audience account
      css token verify --audience grants-portal-101 --role reviewer < token.txt
    """
    from ... import TokenVerifier

    if stdin not in ((), ("-",)):
        # Click's own message would repeat the token.
        raise click.UsageError(
            "Do not pass a token as an argument: others on this machine can see it. Use standard input or --file."
        )
    held = _read(file)
    with TokenVerifier(issuer or _issuer(), audience, **given_timeout()) as verifier:
        verified = verifier.verify(held)
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
    if given.as_json:
        return print_rows([row], True)
    return _print_pairs({name: "none" if value is None or value == [] else value for name, value in row.items()})


def _read(file: str) -> str:
    """Return the token in a file, or on standard input.

    Errors do not repeat the file name, because a user may pass the token itself to `--file`.
    """
    from ...auth.verification import LONGEST

    if file == "-" and is_closed("stdin"):
        raise click.UsageError(
            "Standard input is closed, so css cannot read the token from it. Name a file with --file."
        )
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as source:
            held: str = source.read(LONGEST + 3).strip()  # a line break may follow the longest token
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a valid file name"
        raise click.UsageError(f"The file that --file names cannot be read: {reason}.") from None
    if not held:
        place = "on standard input" if file == "-" else "in the file"
        raise click.UsageError(f"There is no token {place}. To get one, run: css token --system css --raw")
    return held


def _issuer() -> str:
    """Return the issuer of the CSS API's tokens.

    If credentials are set, derive the issuer from their token address. Otherwise use `CSS_TOKEN_URL` or the public
    address.
    """
    from ... import systems
    from ..._service.addresses import TOKEN_URL
    from ...config.sources import find_profile

    variables = [f"CSS_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "CREDENTIALS_FILE")]
    if any(map(os.environ.get, variables)) or find_profile(None, given_profile()):
        issuer = systems.css(profile=given_profile()).issuer
    else:
        issuer = systems.issuer_of(os.environ.get("CSS_TOKEN_URL") or TOKEN_URL)
    if issuer is None:
        raise click.UsageError("css cannot derive the issuer from the address in CSS_TOKEN_URL. Pass --issuer.")
    return issuer
