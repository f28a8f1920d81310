"""`css token`, and the way to `css token verify`."""

from __future__ import annotations

import importlib
from typing import Any

import click

from ..support.options import json_option, print_rows


class _TokenGroup(click.Group):
    """A command by itself, beside one that is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["verify"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "verify":
            return None
        command: click.Command = importlib.import_module(f"{__package__}.token_verify").verify
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] != "verify":
            # What stands there may be a token, which is not repeated, as click would.
            raise click.UsageError("`css token` has one command, verify; a token goes to it through stdin or --file.")
        return super().resolve_command(ctx, args)


@click.group(cls=_TokenGroup, invoke_without_command=True)
@click.option("--system", type=click.Choice(["css", "cern", "bss"]), help="Whose token.")
@click.option("--audience", metavar="CLIENT_ID", help="At CERN: the application that the token is for.")
@click.option("--raw", is_flag=True, help="Print the token itself, and nothing else.")
@json_option
@click.pass_context
def token(ctx: click.Context, system: str | None, audience: str | None, raw: bool, as_json: bool) -> None:
    """Ask for a token, and tell what it says and how long it lives.

    Credentials come from the variables that begin with CSS_, CERN_ or BSS_, or from the file that
    CSS_CREDENTIALS_FILE, CERN_CREDENTIALS_FILE or BSS_CREDENTIALS_FILE names.

    \b
    Example:
      css token --system css
      css token --system cern --audience grants-portal-api --raw
    """
    if ctx.invoked_subcommand is not None:
        if system or audience or raw or as_json:
            raise click.UsageError(f"Options of `css token {ctx.invoked_subcommand}` come after its name.")
        return
    if system is None:
        raise click.UsageError("Say whose token: --system css, cern or bss.")
    if audience is not None and system != "cern":
        raise click.UsageError(f"--audience is for --system cern, not for {system}.")
    if raw and as_json:
        raise click.UsageError("--raw prints the token alone, without --json.")
    _ask(system, audience, raw, as_json)


def _ask(system: str, audience: str | None, raw: bool, as_json: bool) -> None:
    import httpx

    from ... import systems
    from ...errors import ConnectionFailed

    match system:
        case "css":
            found = systems.css()
        case "bss":
            found = systems.bss()
        case _ if audience is None:
            found = systems.cern()
        case _:
            # No call is made, so it is all the same where the application is.
            found = systems.cern(audience, base_url=systems.AUTHORIZATION_SERVICE_URL)
    try:
        made = found.token()
    except httpx.RequestError as error:
        # Its own words only: the frames below hold the secret.
        raise ConnectionFailed(f"{error} Check the address, the network and any proxy.") from None
    if raw:
        click.echo(made.secret.reveal())
        return
    claims = made.claims
    told: dict[str, Any] = {"system": found.name, "kind": "JWT" if claims else "opaque", "expires_in": made.life}
    if as_json:
        print_rows([{**told, "claims": claims}], [], True)
        return
    told["expires_in"] = "not told" if made.life is None else f"{made.life:.0f} s"
    rows = [{"name": name, "value": value} for part in (told, claims) for name, value in part.items()]
    print_rows(rows, ["name", "value"], False)
