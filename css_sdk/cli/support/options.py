"""The options that several commands share, and the object in which a command gets their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from .client import opened
from .next_steps import keep_place
from .questions import ALLOW_PROD, YES, Answers

if TYPE_CHECKING:
    from ... import Css, EnvironmentClient, Guards

Decorator = Callable[[Any], Any]

PROVIDERS: Final = ["idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"]
"""All login providers, in the order of the help."""
ENVIRONMENTS: Final = ["dev", "test", "prod"]


class Given(NamedTuple):
    """The values of the options that several commands share. An option that a command lacks has its default."""

    integration: str = ""
    environment: str = ""
    integrations: Sequence[str] = ()
    environments: Sequence[str] = ()
    providers: Sequence[str] = ()
    as_json: bool = False
    width: int = 4
    journal: Path | None = None
    yes: bool = False
    allow_prod: bool = False
    force: bool = False
    mask: bool = False
    strict: bool = False
    allow_missing: bool = False
    allow_empty: bool = True
    max_removals: int | None = None
    keep_last: Sequence[str] = ()
    remove_first: bool = False

    @property
    def answers(self) -> Answers:
        """Return the answers to questions."""
        return Answers(self.yes, self.allow_prod)

    @property
    def employees(self) -> Sequence[str]:
        """Return the login providers of people in a file: idir and azureidir by default."""
        from ...models import EMPLOYEE_PROVIDERS

        return self.providers or EMPLOYEE_PROVIDERS

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

    def client(self) -> AbstractContextManager[Css]:
        """Open the client. It records each change in the journal, if one is named."""
        return opened(self.journal)

    @contextmanager
    def place(self) -> Iterator[EnvironmentClient]:
        """Open the client, and return the environment."""
        with self.client() as css:
            yield css.integration(self.integration).environment(self.environment)


def together(*options: Decorator) -> Decorator:
    """Return one decorator that adds these options and arguments to a command, in this order."""
    return lambda function: reduce(lambda command, add: add(command), reversed(options), function)


def takes(*options: Decorator) -> Decorator:
    """Add these options and arguments to a command. Pass the values of shared options to it as one `Given`."""

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def command(**values: Any) -> Any:
            shared = {name: values.pop(name) for name in Given._fields if name in values}
            return function(Given(**shared), **values)

        return together(*options)(command)

    return decorate


def most_option(help_text: str) -> Decorator:
    """Return the option `--max-removals`, with what a command says about it."""
    return click.option("--max-removals", type=click.IntRange(0), metavar="N", help=help_text)


def providers_option(help_text: str) -> Decorator:
    """Return the option `--provider`, which can be given several times, with what a command says about it."""
    return click.option("--provider", "providers", multiple=True, type=click.Choice(PROVIDERS), help=help_text)


def integration_option(*, required: bool = True) -> Decorator:
    """Return the option that names an integration."""
    return click.option(
        "-i",
        "--integration",
        required=required,
        metavar="ID|NAME",
        callback=keep_place,
        help="Integration, by id or exact project name.",
    )


def place_options(*, required: bool = True) -> Decorator:
    """Return the options that name an integration and one of its environments."""
    return together(
        integration_option(required=required),
        click.option(
            "-e",
            "--environment",
            required=required,
            metavar="ENV",
            callback=keep_place,
            help="Environment: dev, test or prod.",
        ),
    )


file_argument = click.argument("file", type=click.Path(path_type=Path))
"""The argument that names a file; `-` is stdin."""
usernames_argument = click.argument("users", nargs=-1, metavar="[USERNAME]...")
"""Any number of usernames. Service accounts have an option of their own."""
client_ids_option = click.option(
    "--client-id",
    "client_ids",
    multiple=True,
    metavar="ID",
    help="Client id of a service account. Can be given several times.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
mask_option = click.option("--mask", is_flag=True, help="Shorten usernames and addresses.")
force_option = click.option(
    "--force", is_flag=True, is_eager=True, help="Replace the output file even if css-sdk did not write it."
)
provider_option = providers_option(
    "Login provider of a GUID or e-mail address. Can be given several times. Default: idir and azureidir."
)
width_option = click.option(
    "--width",
    type=click.IntRange(1, 8),
    default=4,
    show_default=True,
    metavar="N",
    help="Number of concurrent requests.",
)
journal_option = click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Record each change in this new file. css undo FILE reverts them.",
)
missing_option = click.option(
    "--allow-missing", is_flag=True, help="Do not fail because of people who have never logged in."
)
identification_options = together(
    missing_option,
    click.option(
        "--strict",
        is_flag=True,
        help="If a person could not be identified, change nothing. By default, css carries out the rest.",
    ),
)
prod_option = click.option(
    ALLOW_PROD, is_flag=True, help="Write in prod without asking for the project's name. Scripts need this."
)
consent_options = together(
    click.option(YES, is_flag=True, help="Skip the confirmation. Scripts need this."), prod_option
)
"""The options of a command that may remove something or carries out a plan."""
exact_options = together(
    click.option("--allow-empty", is_flag=True, help="Allow an empty set: remove everything if no name is given."),
    most_option("Allow up to N removals. Default: a fifth of the set, but at least 4 and at most 10."),
    consent_options,
)
"""The options of commands that make a set exactly what is named."""
places_options = together(
    click.option(
        "-i",
        "--integration",
        "integrations",
        multiple=True,
        metavar="ID|NAME",
        help="Integration, by id or exact project name. Can be given several times. Default: all.",
    ),
    click.option(
        "-e",
        "--environment",
        "environments",
        multiple=True,
        type=click.Choice(ENVIRONMENTS),
        help="Environment. Can be given several times. Default: all.",
    ),
)
"""The options that name several integrations and environments."""
reading = together(place_options(), json_option)
"""The options of a command that reads one environment."""
adding = together(place_options(), prod_option, journal_option, json_option)
"""The options of a command that only adds, creates or renames in one environment."""
removing = together(place_options(), consent_options, journal_option, json_option)
"""The options of a command that removes in one environment."""
plan_removals_option = most_option(
    "Allow up to N removals from each set. Default: a fifth of it, but at least 4 and at most 10."
)
carrying_out = together(consent_options, journal_option, width_option, json_option)
"""The options of a command that carries out a plan."""
