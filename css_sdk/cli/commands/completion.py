"""`css completion`."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and names in your shell.

    The script completes the names of roles, environments and profiles, and the ids of integrations.

    \b
    Examples:
      eval "$(css completion bash)"                                    (in ~/.bashrc)
      eval "$(css completion zsh)"                                     (in ~/.zshrc)
      css completion fish > ~/.config/fish/completions/css.fish        (once)
    """
    from click.shell_completion import get_completion_class

    from .. import COMPLETE_VARIABLE, css

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    script = kind(css, {}, "css", COMPLETE_VARIABLE)
    # Not `source()`, which starts bash to ask for its version: the script may be meant for another machine.
    click.echo(script.source_template % script.source_vars())
