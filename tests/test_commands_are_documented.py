"""Every command has help with an example, is in the documentation, and is completed by shells."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from css_sdk.cli import css, exit_code
from css_sdk.cli.command_table import COMMANDS
from tests import readme

PAGE = readme.README.parent / "docs" / "command-line.md"
BASH = shutil.which("bash")


def every_command(group: click.Group = css, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the words of each command, and whether it is a group of other commands."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*above, name), isinstance(command, click.Group)
        if isinstance(command, click.Group):
            yield from every_command(command, (*above, name))


def test_every_command_includes_subcommands() -> None:
    """The list of commands that these tests use includes the subcommands of groups."""
    found = dict(every_command())
    assert found["roles",] is True
    assert found["roles", "delete"] is False


@pytest.mark.parametrize("words", [words for words, _ in every_command()], ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The help of every command shows an example that uses it, and has no control characters."""
    assert exit_code([*words, "--help"]) == 0
    printed = capsys.readouterr().out
    assert f"css {' '.join(words)}" in printed.partition("Example")[2]
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "words", [(), ("completion",), *(words for words, is_group in every_command() if is_group)], ids=" ".join
)
def test_a_command_without_its_first_argument_shows_what_to_add(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A group without a subcommand prints its help, or a usage error. All lines and characters can be read."""
    assert exit_code([*words]) == 64
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() and "\ufffd" not in line for line in lines)
    has_help = any(line.startswith("Usage: css") for line in lines)
    assert ("Commands:" in lines) is has_help is not any(line.startswith("css: ") for line in lines)


@pytest.mark.parametrize("words", [words for words, is_group in every_command() if not is_group], ids=" ".join)
def test_every_command_has_an_example_in_the_documentation(words: tuple[str, ...]) -> None:
    """Every command has an example on the page about the command line, as the page says."""
    examples = [line.split() for line in readme.commands(PAGE)]
    assert ["css", *words] in [example[: len(words) + 1] for example in examples]


def test_the_documentation_names_the_commands_without_json() -> None:
    """The page about the command line names exactly the commands that lack `--json`."""
    without = {"css " + " ".join(words) for words, is_group in every_command() if not (is_group or has_json(words))}
    named = re.search(r"Every command has it, except (.*?)\.", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert named and set(re.findall("`(.*?)`", named[1])) == without


def has_json(words: Sequence[str]) -> bool:
    """Return whether a command has the option `--json`."""
    command: click.Command | None = css
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    return any("--json" in option.opts for option in command.params)


def test_the_table_of_commands_repeats_the_first_sentence_of_their_help() -> None:
    """The table that `css --help` prints holds the first sentence of each command's own help, under its name."""
    context = click.Context(css)
    for name, (_, text) in COMMANDS.items():
        command = css.get_command(context, name)
        assert command is not None
        assert (command.name, command.get_short_help_str(1000)) == (name, text)


def complete(line: str) -> tuple[list[str], set[str]]:
    """Return the completions that a shell gets at the end of the line, and the modules that were loaded for it."""
    code = (
        "import sys\nfrom css_sdk.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )
    words = line.split(" ")
    environ = {"_CSS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    offered = [item.partition(",")[2] for item in done.stdout.splitlines()]
    return offered, {name for name in done.stderr.split() if name.startswith(("css_sdk", "httpx", "attr"))}


def test_the_first_word_is_completed_without_loading_a_command() -> None:
    """The first word of a line is completed from the table of commands, without loading the module of a command."""
    offered, loaded = complete("css rol")
    assert offered == ["roles"]
    assert loaded == {
        "css_sdk",
        "css_sdk._version",
        "css_sdk.cli",
        "css_sdk.cli.command_table",
        "css_sdk.cli.support",
        "css_sdk.cli.support.defaults",
        "css_sdk.cli.support.exit_codes",
        "css_sdk.cli.support.request_options",
    }
    assert set(complete("css ")[0]) == set(COMMANDS)


def test_subcommands_and_options_are_completed_without_the_client() -> None:
    """Subcommands and options are completed from the module of that command alone, without loading httpx."""
    assert complete("css composites re")[0] == ["remove"]
    offered, loaded = complete("css composites remove --al")
    assert offered == ["--allow-prod"]
    assert not {"httpx", "attr", "css_sdk.errors", "css_sdk.cli.commands.members"} & loaded


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`css completion` prints a script for bash, zsh and fish, which calls css with the variable that it expects."""
    assert exit_code(["completion", shell]) == 0
    assert f"_CSS_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_other_shells_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """`css completion` refuses another shell and lists the supported ones."""
    assert exit_code(["completion", "cmd"]) == 64
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err


@pytest.mark.posix
@pytest.mark.skipif(BASH is None, reason="there is no bash")
def test_bash_completes_a_subcommand_with_the_printed_script(tmp_path: Path) -> None:
    """bash completes a subcommand with the script that `css completion bash` prints."""
    program = tmp_path / "css"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m css_sdk.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        'eval "$(css completion bash)"; COMP_WORDS=(css members s); COMP_CWORD=2; _css_completion css; '
        'echo "${COMPREPLY[@]}"'
    )
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([str(BASH), "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("set", "")
