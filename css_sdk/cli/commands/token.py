"""`css token`, and the way to `css token verify`."""

from __future__ import annotations

import importlib
from typing import Any

import click

from ..support.groups import Group
from ..support.options import json_option, print_rows


class _TokenGroup(Group):
    """A command with one subcommand, whose module is imported when it is called."""

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
            raise click.UsageError(
                "The only subcommand of css token is verify. It reads the token from standard input or from --file.",
                ctx,
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_TokenGroup, invoke_without_command=True)
@click.option("--system", type=click.Choice(["css", "cern", "bss"]), help="System that issues the token.")
@click.option("--audience", metavar="CLIENT_ID", help="Application that the token is for (only with --system cern).")
@click.option("--raw", is_flag=True, help="Print only the token itself.")
@json_option
@click.pass_context
def token(ctx: click.Context, system: str | None, audience: str | None, raw: bool, as_json: bool) -> None:
    """Get a token and show its claims and its lifetime.

    Set the credentials in the variables of the system, which begin with CSS_, CERN_ or BSS_. Or set
    CSS_CREDENTIALS_FILE, CERN_CREDENTIALS_FILE or BSS_CREDENTIALS_FILE to a file that holds them.

    \b
    Example:
      css token --system css
      css token --system cern --audience grants-portal-api --raw
    """
    if ctx.invoked_subcommand is not None:
        if system or audience or raw or as_json:
            raise click.UsageError(f"Put the options of css token {ctx.invoked_subcommand} after its name.")
        return
    if system is None:
        raise click.UsageError("Pass --system css, --system cern or --system bss.")
    if audience is not None and system != "cern":
        raise click.UsageError(f"--audience works only with --system cern, not with {system}.")
    if raw and as_json:
        raise click.UsageError("--raw and --json contradict each other: pass one of them.")
    _ask(system, audience, raw, as_json)


def _ask(system: str, audience: str | None, raw: bool, as_json: bool) -> None:
    import httpx

    from ... import systems
    from ..._http.exchanges import failure

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
        address = httpx.URL(found.token_url)
        # Without its cause: the frames below hold the secret.
        raise failure(error, "POST token", "the login server", address.netloc.decode()).error or error from None
    if raw:
        click.echo(made.secret.reveal())
        return
    claims = made.claims
    row: dict[str, Any] = {"system": found.name, "kind": "JWT" if claims else "opaque", "expires_in": made.life}
    if as_json:
        print_rows([{**row, "claims": claims}], [], True)
        return
    row["expires_in"] = "unknown" if made.life is None else f"{made.life:.0f} s"
    rows = [{"name": name, "value": value} for part in (row, claims) for name, value in part.items()]
    print_rows(rows, ["name", "value"], False)
