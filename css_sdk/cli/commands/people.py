"""`css people`: find people, show, copy and remove their roles, and compare their logins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._text.shells import quote
from ..._text.words import counted, joined
from ..support import options, records
from ..support.applying import Origin, preview_and_carry_out
from ..support.changes import carry_out
from ..support.client import opened
from ..support.exit_codes import ExitCode
from ..support.files import text_in
from ..support.groups import Group
from ..support.journals import journaled
from ..support.options import Given, flag, several, takes
from ..support.output import columns_of, print_rows, say, text_of

if TYPE_CHECKING:
    from ... import Css, PersonPlan
    from ...models import ServiceAccount
    from ...people.logins import LoginDifference, PeopleFound, PersonFound

_EMPLOYEES = options.PROVIDERS[:2]


@click.group(cls=Group)
def people() -> None:
    """Find people, show, copy and remove their roles, and compare their logins.

    \b
    Examples:
      css people find Hargreave
      css people roles ilse.hargreave@example.com
      css people copy ilse.hargreave@example.com rurik.vance@example.com
      css people remove ilse.hargreave@example.com
      css people mirror -i "Grants Portal" -e dev
    """


@people.command()
@takes(
    click.argument("text", required=False),
    click.option("--email", metavar="TEXT", help="The e-mail address, or a part of it."),
    click.option(
        "--guid",
        metavar="GUID",
        help="The whole GUID, with or without dashes. Prefer --guid to --email, because the service stores "
        "the text of each search.",
    ),
    click.option("--first-name", metavar="TEXT", help="First name, or a part of it. Only for idir and azureidir."),
    click.option("--last-name", metavar="TEXT", help="Last name, or a part of it. Only for idir and azureidir."),
    click.option(
        "--name", metavar="TEXT", help="Name, or a part of it: a last name, a first name, or a name at GitHub."
    ),
    click.option("--login", metavar="TEXT", help="Login name, or a part of it. Only for GitHub."),
    click.option(
        "--file",
        type=click.Path(path_type=Path),
        metavar="LIST",
        help="Find everybody in this file (- for stdin). Each line has a whole e-mail address, a GUID, a username or a "
        "full name.",
    ),
    options.environments("Environment to search."),
    options.providers(
        "Login provider to search.",
        "Default: all providers that accept the search terms. Default with --file: idir and azureidir.",
    ),
    options.width,
    options.json,
)
def find(given: Given, text: str | None, file: Path | None, **terms: Any) -> int:
    """Find people in all providers and environments, with all logins of each person.

    TEXT is an e-mail address or a part of it, a whole GUID, a username, or a name. css searches for a name among last
    names, first names and names at GitHub. css prints which searches it made. A person must match TEXT and all options.

    With --file, css prints a row for each login of each person in the file. The row says whether the person is found,
    ambiguous or not found.

    Exit codes: 0 somebody was found; 1 nobody was found; 3 more people match than the service shows, or somebody in the
    file was not found or is ambiguous.

    \b
    Examples:
      css people find Hargreave
      css people find "Ilse Hargreave" --provider idir
      css people find --email ilse.hargreave@example.com -e dev -e prod --json
      css people find --file newcomers.txt -e dev
    """
    from ..._service.identifiers import how_to_search

    if file is not None:
        if text or any(terms.values()):
            raise click.UsageError("--file names the people to find. Leave out the other search terms.")
        return _find_listed(given, file)
    if not (text or any(terms.values())):
        raise click.UsageError(
            f"Pass a name, an e-mail address or a GUID. Or pass one of these options: "
            f"--{', --'.join(name.replace('_', '-') for name in terms)}."
        )
    with given.client() as css:
        found = css.find_people(
            text or None,
            environments=given.environments or options.ENVIRONMENTS,
            providers=given.providers or None,
            **terms,
        )
    if given.as_json:
        people = [
            {"guid": one.guid, "name": one.name, "email": one.email, "logins": _logins(one)} for one in found.people
        ]
        print_rows([person | {"complete": found.complete} for person in people], True)
    elif found.people:
        rows = [
            {"person": one.name if number == 0 else "", **login}
            for one in found.people
            for number, login in enumerate(_logins(one))
        ]
        print_rows(rows, False, ["person", "email", "username", "provider", "known_in", "never_in"])
    where = f" in {joined(found.environments)}"
    searched: dict[tuple[str, ...], list[str]] = {}
    for search in found.searches:
        searched.setdefault(search.providers, []).append(str(search))
    each = [f"{joined(providers)}{where} by {' or '.join(terms)}" for providers, terms in searched.items()]
    say(f"Searched {'; '.join(each)}.")
    if not found.complete:
        say("css: More people match than the service shows. Add a search term, or search by GUID.")
        return ExitCode.INCOMPLETE
    if not found.people:
        left_out = "" if given.providers else _not_searched(found)
        say(f"css: Nobody was found. The service knows only people who have logged in.{left_out}")
        addresses = {address for search in found.searches if "@" in (address := search.terms.get("email", ""))}
        if addresses:
            say(how_to_search(*addresses))
        return ExitCode.FAILED
    return ExitCode.DONE


def _find_listed(given: Given, file: Path) -> int:
    """Find everybody in a file, print the results, and return the exit code."""
    from ..._service.identifiers import how_to_search
    from ...people.identification import NOT_FOUND
    from ...people.lists import people_in

    text, name = text_in(file)
    listed = people_in(text)
    if not listed:
        raise click.UsageError(f"{name} names nobody. Write one person on each line.")
    with given.client() as css:
        found = css.find_listed(
            [person for _, person in listed],
            environments=given.environments or options.ENVIRONMENTS,
            providers=given.employees,
            width=given.width,
        )
    rows = []
    for (line, person), one in zip(listed, found, strict=True):
        for login in one.logins or (None,):
            user = records.of_user(login.user if login else None)
            known = list(login.environments) if login else []
            error = columns_of(one.error)
            rows.append({"line": line, "person": person, "state": one.state, **user, "known_in": known, **error})
    columns = ["line", "person", "state", "username", "name", "email", "known_in", "message"]
    shown = [each for each in columns if each != "message" or any(row[each] for row in rows)]
    print_rows(rows, given.as_json, shown)
    states = Counter(one.state for one in found)
    say(", ".join(f"{count} {state}" for state, count in states.items()))
    if not_found := {one.text for one in found if one.state == NOT_FOUND}:
        say(how_to_search(*not_found))
    if states.keys() == {"found"}:
        return ExitCode.DONE
    return ExitCode.INCOMPLETE if states["found"] or len(found) > 1 else ExitCode.FAILED


def _not_searched(found: PeopleFound) -> str:
    """Return sentences about the providers that were not searched, each with the options that search these providers.

    If all providers were searched, return "".
    """
    from ...people.searches import TERMS_ANYWHERE

    left_out: dict[tuple[str, ...], list[str]] = {}
    for provider, terms in TERMS_ANYWHERE.items():
        if provider not in found.providers:
            flags = tuple(f"--{term.replace('_', '-')}" for term in terms)
            left_out.setdefault(flags, []).append(provider)
    return "".join(
        f" To search {joined(providers)}, pass {joined(flags, 'or')}." for flags, providers in left_out.items()
    )


def _logins(one: PersonFound) -> list[dict[str, object]]:
    return [
        {
            "username": login.user.username,
            "provider": login.user.provider,
            "email": login.user.email,
            "known_in": login.environments,
            "never_in": login.never_in,
        }
        for login in one.logins
    ]


@people.command()
@takes(
    click.argument("person", required=False),
    click.option("--client-id", metavar="ID", help="Client id of a service account, in place of PERSON."),
    options.providers("Login provider of the GUID or e-mail address.", "Default: all."),
    options.json,
)
def roles(given: Given, person: str | None, client_id: str | None) -> int:
    """Show the roles of a person in all integrations and environments of the team.

    PERSON is an e-mail address (all logins of that person), a GUID (the logins with that GUID), or a username (this
    login only). To find logins of every provider, css reads the members of all roles. If a person has a role through
    composite roles, the column THROUGH names the composite roles.

    Exit codes: 0 done, or the person has no roles; 1 the person was not found; 3 an environment could not be read.

    \b
    Examples:
      css people roles ilse.hargreave@example.com
      css people roles --client-id fisheries-service-102 --json
    """
    from ...models import ServiceAccount

    if (person is None) is (client_id is None):
        raise click.UsageError("Pass either PERSON, or --client-id for a service account.")
    whom: str | ServiceAccount = ServiceAccount(client_id or "") if person is None else person
    with given.client() as css:
        found = css.roles_of(whom, providers=given.providers or None)
    rows = [
        {
            **records.of_place(held.place.integration, held.project_name, held.place.environment),
            "username": held.username,
            "role": held.role,
            "direct": held.direct,
            "through": held.through,
        }
        for held in found.held
    ]
    columns = ["integration", "environment", "username", "role", "direct", "through"]
    read = "the places that could be read" if found.unread else "any environment"
    print_rows(rows, given.as_json, columns, empty=f"{person or client_id} has no roles{_at(given)} in {read}.")
    for username, environments in found.never_in.items():
        say(f"{username} has never logged in to {joined(environments)}.")
    for username in found.same_address:
        say(
            f"The login {username} has this person's e-mail address, but another GUID. To see the roles of the login, "
            f"run: css people roles {quote(username)}"
        )
    for unread in found.unread:
        say(f"css: {unread.place}: {text_of(unread.error)}")
    return ExitCode.INCOMPLETE if found.unread else ExitCode.DONE


def _at(given: Given) -> str:
    """Return words about the logins to which `--provider` limits a command. Without this option, return ""."""
    return f" with a login of {joined(given.providers, 'or')}" if given.providers else ""


@people.command()
@takes(
    click.argument("person"),
    options.providers("Remove roles only from logins of this provider.", "Default: all."),
    several("--protect", help="Keep roles whose name matches PATTERN, such as 'admin*'.", metavar="PATTERN"),
    options.keep_last,
    options.plan_removals,
    options.carrying_out,
)
def remove(given: Given, person: str, protect: Sequence[str]) -> int:
    """Remove all roles of a person, in all integrations and environments of the team.

    PERSON is an e-mail address (all logins of that person), a GUID, or a username (all logins with its GUID). To find
    logins of every provider, css reads the members of all roles.

    css shows what it would remove, and asks for confirmation. In scripts, pass --yes. If there are roles in prod, pass
    --allow-prod too. To undo, run css undo.

    Exit codes: 0 done, or the person has no roles; 1 the person was not found, or two people have the address; 3 an
    environment could not be read, or a role was not removed; 4 a guard refused the removal.

    \b
    Examples:
      css people remove ilse.hargreave@example.com
      css people remove ilse.hargreave@example.com --keep-last admin --yes --allow-prod --reason "left the team"
    """
    from ... import Protection

    with opened() as css:
        found = css.removal_plan(
            person, providers=given.providers or None, protect=Protection(roles=protect), width=given.width
        )
        return _carry_out(css, found, given, Origin("people-remove"), f"{person} has no roles{_at(given)}", "remove")


@people.command("copy")
@takes(
    click.argument("source", metavar="FROM"),
    click.argument("target", metavar="TO"),
    options.providers("Copy only roles of logins of this provider.", "Default: all."),
    options.missing,
    options.carrying_out,
)
def copy_roles(given: Given, source: str, target: str) -> int:
    """Give a person the direct roles of another person, in all integrations and environments of the team.

    FROM and TO are e-mail addresses, GUIDs or usernames. If TO is a username, this login gets the roles of all logins
    of FROM. Otherwise each login of TO gets the roles of the login of FROM with the same provider. css removes nothing.

    css shows what it would add, and asks for confirmation. In scripts, pass --yes. If there are roles in prod, pass
    --allow-prod too. To undo, run css undo.

    Exit codes: 0 done; 1 FROM was not found, or two people have the address FROM; 3 TO was not identified in an
    environment, an environment could not be read, or a role was not given; 4 a guard refused the change.

    \b
    Example:
      css people copy ilse.hargreave@example.com rurik.vance@example.com
    """
    with opened() as css:
        found = css.copy_plan(source, target, providers=given.providers or None, width=given.width)
        nothing = f"There is nothing to copy from {source} to {target}"
        return _carry_out(css, found, given, Origin("people-copy"), nothing, "copy", target)


def _carry_out(
    css: Css, found: PersonPlan, given: Given, origin: Origin, nothing: str, command: str, *target: str
) -> int:
    """Show the plan for a person, carry out the plan, and return the exit code. Print what the plan leaves out.

    Args:
        nothing: the beginning of the message for a plan without steps.
        command: the subcommand of `css people`. If a login is left out, css prints this subcommand for the login.
        target: further arguments of the subcommand, after the login.
    """
    for one in found.incomplete:
        say(f"css: {one.place}: {text_of(one.error)}")
    for username in found.same_address:
        say(
            f"css leaves out the login {username}, because the login has this person's e-mail address, but another "
            f"GUID. If the login belongs to this person, too, run: css people {command} "
            f"{' '.join(map(quote, (username, *target)))}"
        )
    plan = found.plan
    if plan.steps:
        say(f"css needs {counted(found.requests, 'request')} for these changes:")
    elif not (plan.protected or plan.unresolved):
        say(f"{nothing} in {'the places that could be read' if found.incomplete else 'any environment'}.")
        with journaled(css, given, is_needed=False):  # leaves the journal that --journal names
            return ExitCode.INCOMPLETE if found.incomplete else ExitCode.DONE
    code = preview_and_carry_out(css, plan, given, origin)
    return 3 if found.incomplete and code == 0 else code


@people.command()
@takes(
    options.place(),
    click.option(
        "--from",
        "source",
        type=click.Choice(_EMPLOYEES),
        help="Provider of the logins that have the roles. Default: both.",
    ),
    click.option(
        "--to",
        "target",
        type=click.Choice(_EMPLOYEES),
        help="Provider of the logins that may lack these roles. Default: both.",
    ),
    flag("--apply", "repair", help="Assign the missing roles to the logins that lack them. css removes no roles."),
    options.prod,
    options.no_names,
    options.journal,
    options.json,
)
def mirror(given: Given, source: str | None, target: str | None, repair: bool) -> int:
    """Show or give the roles that people have with only one of their logins, idir or azureidir.

    css compares direct roles. Without --apply, css changes nothing, and the exit code is 2 if roles are missing. With
    --apply, css gives the missing roles. In prod, css asks for the project's name. If a person has never logged in with
    the login that lacks the roles, css shows this login, but cannot give roles to it.

    \b
    Examples:
      css people mirror -i "Grants Portal" -e dev
      css people mirror -i "Grants Portal" -e dev --from idir --to azureidir --apply
    """
    from ...people.identities import Person
    from ...roster.rows import Row

    if given.journal is not None and not repair:
        raise click.UsageError("--journal needs --apply: without --apply, css changes nothing.")
    if source and source == target:
        raise click.UsageError("--from and --to must name two different providers.")
    to = target or next((provider for provider in _EMPLOYEES if source and provider != source), None)
    with given._replace(reason=None).place() as dev:
        found, place = dev.login_differences(to=to), records.of_client(dev)
    open_ = [difference for difference in found if difference.exists]
    if not repair:
        columns = ["name", "username", "lacks", "roles", "state"]
        print_rows([_difference(one, place) for one in found], given.as_json, columns, empty="Nothing is missing.")
        return ExitCode.CHANGES if open_ else ExitCode.DONE
    for difference in found:
        if not difference.exists:
            say(
                f"{difference.username} has never logged in to {given.environment}, so css cannot give roles to this "
                f"login. Ask the person to log in there once, and run this command again."
            )
    rows = [
        Row(0, Person("username", difference.username), role, given.integration, given.environment)
        for difference in open_
        for role in difference.roles
    ]
    if not rows:
        say("Nothing is missing.")
        with given.client():  # leaves the journal that --journal names
            return ExitCode.DONE
    return carry_out(rows, given)


def _difference(difference: LoginDifference, place: records.Record) -> records.Record:
    return {
        **place,
        **records.of_user(difference.user),
        "lacks": difference.username,
        "roles": difference.roles,
        "state": "missing" if difference.exists else "never logged in",
    }
