"""Groups of commands, such as `css roles`."""

from __future__ import annotations

import click

from ..._text.suggestions import similar
from ..command_table import COMMANDS


class Group(click.Group):
    """A group of commands.

    Its help shows the whole first sentence of each subcommand, because `click.Group` would cut the sentence.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the name of the subcommand, the subcommand, and its arguments.

        Raises:
            UsageError: when there is no such subcommand. The message suggests a command, or lists all subcommands.
        """
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            close = similar(args[0], self.commands)
            if args[0] in COMMANDS:
                hint = f"Did you mean 'css {args[0]}'?"
            elif close:
                hint = f"Did you mean '{ctx.command_path} {close[0]}'?"
            else:
                names = ", ".join(self.commands)
                hint = f"The commands are: {names}." if len(self.commands) > 1 else f"The only command is: {names}."
            raise click.UsageError(f"There is no command '{ctx.command_path} {args[0]}'. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(1000)) for name, command in commands if command])
