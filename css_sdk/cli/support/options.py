"""The options that several commands share, and an object with the values of these options."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from ..._text.words import counted
from .client import opened
from .defaults import default_of
from .files import OutputFile
from .next_steps import CALLED, suggest_roles
from .output import say
from .questions import ALLOW_PROD, YES
from .request_options import completes, number

if TYPE_CHECKING:
    from ... import Css, EnvironmentClient, Guards
    from ...models import User

Decorator = Callable[[Any], Any]

PROVIDERS: Final = ["idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"]
"""All login providers, in the order of the help."""
ENVIRONMENTS: Final = ["dev", "test", "prod"]
ENVIRONMENT: Final = click.Choice(ENVIRONMENTS)
PROVIDER: Final = click.Choice(PROVIDERS)
COUNT: Final = number(click.IntRange(0), "a whole number, 0 or more")


class Given(NamedTuple):
    """The values of the options that several commands share.

    If a command lacks an option, the field has a default.
    """

    integration: str = ""
    environment: str = ""
    integrations: Sequence[str] = ()
    environments: Sequence[str] = ()
    providers: Sequence[str] = ()
    as_json: bool = False
    width: int = 4
    journal: Path | None = None
    no_journal: bool = False
    reason: str | None = None
    yes: bool = False
    allow_prod: bool = False
    force: bool = False
    mask: bool = False
    strict: bool = False
    allow_missing: bool = False
    allow_empty: bool = True
    max_removals: int | None = None
    no_names: bool = False
    keep_last: Sequence[str] = ()
    remove_first: bool = False

    @property
    def writes(self) -> bool:
        """Return whether the command can write. Exactly these commands have `--reason`, and keep a journal."""
        return self.reason is not None

    @property
    def employees(self) -> Sequence[str]:
        """Return the login providers that `--provider` names, by default idir and azureidir."""
        from ...models import EMPLOYEE_PROVIDERS

        return self.providers or EMPLOYEE_PROVIDERS

    @property
    def planning(self) -> Mapping[str, Any]:
        """Return the arguments of `Css.plan` that the options set."""
        return {
            "integrations": self.integrations,
            "environments": self.environments,
            "providers": self.employees,
            "width": self.width,
        }

    @property
    def guards(self) -> Guards:
        """Return the guards that the options set."""
        from ... import Guards

        return Guards(
            max_removals=self.max_removals,
            keep_last=tuple(self.keep_last),
            remove_first=self.remove_first,
            allow_empty=self.allow_empty,
        )

    def names_of(self, css: Css, users: Mapping[str, str], known: Iterable[User] = ()) -> Mapping[str, str]:
        """Return the names of people by username. Look up unknown names, but at most 20.

        If more than 20 names are unknown, say so on stderr. With `--no-names`, look up no names. With `--mask`, return
        no names.

        Args:
            users: for each username, an environment in which css can look up the person.
            known: people whom css has already read from the service.
        """
        names = {user.username: user.name for user in known}
        if self.mask or self.no_names:
            return {} if self.mask else names
        found = css.names_of(users, known=names, width=self.width)
        if found.left_out:
            people = counted(found.left_out, "person is", "people are")
            say(f"css looks up 20 names at most, so {people} shown by username only.")
        return found.names

    def client(self) -> AbstractContextManager[Css]:
        """Open the client. If the command writes, the client records each change in a journal."""
        return opened(self)

    @contextmanager
    def place(self) -> Iterator[EnvironmentClient]:
        """Open the client, and yield the client of the environment that the options name."""
        with self.client() as css, self.place_of(css) as dev:
            yield dev

    @contextmanager
    def place_of(self, css: Css) -> Iterator[EnvironmentClient]:
        """Yield the client of the environment that the options name.

        If the block raises an error because a role does not exist, add the names of existing roles to the error.
        """
        from ...errors import NotFound

        dev = css.integration(self.integration).environment(self.environment)
        try:
            yield dev
        except NotFound as error:
            suggest_roles([error], lambda: dev)
            raise


def together(*options: Decorator) -> Decorator:
    """Return one decorator that adds these options and arguments to a command, in this order."""
    return lambda function: reduce(lambda command, add: add(command), reversed(options), function)


def takes(*options: Decorator) -> Decorator:
    """Return a decorator that adds these options and arguments to a command.

    The first argument of the command is a `Given` with the values of the shared options. The command gets the other
    values as keyword arguments.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def command(**values: Any) -> Any:
            context = click.get_current_context()
            context.meta[CALLED] = context
            shared = {name: values.pop(name) for name in Given._fields if name in values}
            return function(Given(**shared), **values)

        return together(*options)(command)

    return decorate


def check_one_format(**given: bool) -> None:
    """Raise a usage error if several options for the output format are given.

    Each keyword is the name of such an option without dashes. Its value says whether the option is given.
    """
    chosen = [f"--{name}" for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} cannot be used together: pass one of them.")


def roles_argument(name: str, **attributes: Any) -> Decorator:
    """Return an argument for the name of a role. Shells can complete it."""
    return click.argument(name, shell_complete=completes("roles"), **attributes)


def flag(*names: str, help: str, **attributes: Any) -> Decorator:
    """Return an option without a value."""
    return click.option(*names, is_flag=True, help=help, **attributes)


def several(*names: str, help: str, default_is: str = "", **attributes: Any) -> Decorator:
    """Return an option that can be given several times. Its help says so.

    `help` is the first sentence of the help. `default_is` is the last sentence, about the default.
    """
    text = f"{help} Can be given several times. {default_is}".rstrip()
    return click.option(*names, multiple=True, help=text, **attributes)


def roles(help: str) -> Decorator:
    """Return the option `--role`, which can be given several times. `help` is the first sentence of its help."""
    return several("-r", "--role", "roles", help=help, metavar="ROLE", shell_complete=completes("roles"))


def removals(help_text: str) -> Decorator:
    """Return the option `--max-removals` with this help text."""
    return click.option("--max-removals", type=COUNT, metavar="N", help=help_text)


def providers(help: str, default_is: str) -> Decorator:
    """Return the option `--provider`, which can be given several times.

    `help` is the first sentence of the help. `default_is` is the last sentence, about the default.
    """
    return several("--provider", "providers", type=PROVIDER, help=help, default_is=default_is)


def environments(help: str) -> Decorator:
    """Return the option `--environment`, which can be given several times. `help` is the first sentence of its help."""
    return several("-e", "--environment", "environments", help=help, default_is="Default: all.", type=ENVIRONMENT)


def _check_given(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
    """Return the value of an option. If a required option has no value and no default, raise an error."""
    if given is None and option.required and not context.resilient_parsing:
        raise click.MissingParameter(ctx=context, param=option)
    return given


def _one(letter: str, name: str, metavar: str, help_text: str, required: bool) -> Decorator:
    """Return the option that names one integration or one environment.

    A required option has a default from a variable, css.toml or the profile.
    """
    return click.option(
        letter,
        f"--{name}",
        required=required,
        default=default_of(name) if required else None,
        metavar=metavar,
        callback=_check_given,
        shell_complete=completes(f"{name}s"),
        help=f"{help_text}{f' Default: CSS_{name.upper()}.' if required else ''}",
    )


def integration(*, required: bool = True) -> Decorator:
    """Return the option `--integration` for one integration. The option has a default only if it is required."""
    return _one("-i", "integration", "ID|NAME", "Integration, by id or exact project name.", required)


def place(*, required: bool = True) -> Decorator:
    """Return the options for an integration and its environment. They have defaults only if they are required."""
    environment = _one("-e", "environment", "ENV", "Environment: dev, test or prod.", required)
    return together(integration(required=required), environment)


file = click.argument("file", type=click.Path(path_type=Path))
"""The argument that names a file; `-` is stdin."""
roles_files = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
"""The argument that names roles files and folders with roles files; `-` is stdin."""


def _day(_: click.Context, __: click.Parameter, given: str | None) -> datetime.date | None:
    if given is None:
        return None
    try:
        return datetime.date.fromisoformat(given) if len(given) <= 10 else datetime.datetime.fromisoformat(given)
    except ValueError:
        raise click.BadParameter(f"{given!r} is not a day such as 2027-03-31.") from None


day = click.option(
    "--day",
    metavar="YYYY-MM-DD",
    callback=_day,
    help="Plan for this day instead of today, to see which grants will have ended by then.",
)
"""The option for the day of a plan: a date, or a date and time with an offset, such as 2027-03-31T09:00-08:00."""
usernames = click.argument("users", nargs=-1, metavar="[USERNAME]...")
"""The argument for any number of usernames. Service accounts are named with `--client-id`."""
client_ids = several("--client-id", "client_ids", help="Client id of a service account.", metavar="ID")
json = flag("--json", "as_json", help="Print one JSON object per line.")
no_names = flag(
    "--no-names",
    help="Do not look up or save names. By default, css looks up at most 20 unknown names, with one request each.",
)
markdown = flag("--markdown", help="Print Markdown, for a comment on a pull request.")
html = flag("--html", "html", help="Print a plan as one HTML page, for a reviewer.")
mask = flag("--mask", help="Shorten usernames and addresses.")
force = flag("--force", is_eager=True, help="Replace the output file even if css-sdk did not write it.")
provider = providers("Login provider of a GUID or e-mail address.", "Default: idir and azureidir.")


def _preferred(context: click.Context, option: click.Parameter, given: str | None) -> Sequence[str]:
    """Return the providers in the value of `--prefer`. Refuse other words, and `--all-logins` beside it."""
    if given and context.params.get("all_logins"):
        raise click.UsageError("--prefer chooses one login, and --all-logins chooses all: pass one of them.")
    return [PROVIDER.convert(each.strip(), option, context) for each in (given or "").split(",") if each.strip()]


logins = together(
    click.option(
        "--prefer",
        metavar="PROVIDERS",
        callback=_preferred,
        help="If a person has several logins, use the one whose provider comes first in this list, such as "
        "idir,azureidir.",
    ),
    flag("--all-logins", is_eager=True, help="Use all logins of a person, such as idir and azureidir."),
)
"""The options that choose between several logins of a person."""
width = click.option(
    "--width",
    type=number(click.IntRange(1, 8), "a whole number from 1 to 8"),
    default=default_of("width", 4),
    metavar="N",
    help="Number of concurrent requests, from 1 to 8. Default: 4.",
)


def _refused_beside(other: str, message: str) -> Callable[..., Any]:
    """Return a callback that raises an error if this option and the option `other` are both given.

    `other` must be eager, because click must read `other` first.
    """

    def check(context: click.Context, _: click.Parameter, given: Any) -> Any:
        if given and context.params.get(other):
            raise click.UsageError(message)
        return given

    return check


journal = together(
    click.option(
        "--journal",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        callback=_refused_beside("no_journal", "--journal and --no-journal cannot be used together: pass one of them."),
        help="Record each change in this new file. Default: a file in your journal folder.",
    ),
    click.option(
        "--reason",
        default="",
        metavar="TEXT",
        callback=_refused_beside(
            "no_journal",
            "css writes --reason into the journal, but with --no-journal it keeps no journal: pass one of them.",
        ),
        help="Reason for the changes. css writes it into the journal.",
    ),
    flag("--no-journal", is_eager=True, help="Keep no journal. Then css undo cannot undo the changes."),
)
"""The options of a command that writes."""
missing = flag(
    "--allow-missing",
    help="Do not fail because of people who have never logged in. This applies only to people named by username, or "
    "by whole GUID and provider.",
)
prod = flag(
    ALLOW_PROD,
    default=default_of("allow_prod", False),
    help="Write in prod without asking for the project's name. Scripts need this.",
)
consent = together(flag(YES, help="Skip the confirmation. Scripts need this."), prod)
"""The options of a command that may remove something, or that carries out a plan."""
exact = together(
    flag("--allow-empty", help="Allow an empty set: remove everything if no name is given."),
    removals("Allow up to N removals. Default: a fifth of the set, but at least 4 and at most 10."),
    consent,
)
"""The options of commands that set exactly the named members or children."""
places = together(
    several(
        "-i",
        "--integration",
        "integrations",
        help="Integration, by id or exact project name.",
        default_is="Default: all.",
        metavar="ID|NAME",
        shell_complete=completes("integrations"),
    ),
    environments("Environment."),
)
"""The options that name several integrations and environments."""
reading = together(place(), json)
"""The options of a command that reads one environment."""
adding = together(place(), prod, journal, json)
"""The options of a command that only adds, creates or renames in one environment."""
removing = together(place(), consent, journal, json)
"""The options of a command that removes in one environment."""
keep_last = several("--keep-last", help="Never leave ROLE without a member.", metavar="ROLE")
plan_removals = removals(
    "Allow up to N removals from each set, such as one role's members. Default: a fifth of the set, but at least 4 and "
    "at most 10."
)
carrying_out = together(consent, no_names, journal, width, json)
"""The options of a command that carries out a plan."""


def output_option(
    flag: str, kind: str, is_ours: Callable[[bytes], bool], help_text: str, *, metavar: str | None = "FILE"
) -> Decorator:
    """Return two options: one for the file that a command writes, and `--force`. The command gets an `OutputFile`.

    Args:
        kind: what the command writes, such as "a plan", for messages.
        is_ours: returns whether css-sdk wrote a content as a file of this kind.
    """

    def as_output(context: click.Context, _: click.Parameter, path: Path | None) -> OutputFile:
        return OutputFile(path=path, option=flag, kind=kind, is_ours=is_ours, force=context.params.get("force", False))

    file_type = click.Path(path_type=Path)
    return together(click.option(flag, type=file_type, metavar=metavar, callback=as_output, help=help_text), force)
