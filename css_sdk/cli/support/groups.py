"""Command groups whose help lists every subcommand with its whole first sentence."""

from __future__ import annotations

import click


class Group(click.Group):
    """A group of commands. A plain `click.Group` would cut each sentence to one line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(1000)) for name, command in commands if command])
