"""css-sdk writes desired states as roles files and reads them back."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings

from css_sdk import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Person, desired_as_yaml, read_desired
from tests.desired_files import HOSTILE, NAME, is_name, whole
from tests.support import examples

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"


def with_roles(*names: str) -> Desired:
    """Return a desired state with an exact list of these roles."""
    roles = Listed(tuple(map(DesiredRole, names)), exact=True)
    return Desired((DesiredPlace("Grants Portal", "dev", roles),))


@given(whole())
@example(Desired(()))
@example(with_roles(*dict.fromkeys(filter(is_name, HOSTILE))))
@settings(max_examples=examples(16), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_written_file_is_read_back_unchanged(desired: Desired) -> None:
    """For all names, reading the file returns the same value, and writing this value returns the same file."""
    text = desired_as_yaml(desired)
    assert read_desired(text, NAME) == desired
    assert desired_as_yaml(read_desired(text.encode(), NAME)) == text


@given(whole())
@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_reader_of_yaml_and_json_reads_the_same(desired: Desired) -> None:
    """An ordinary YAML loader reads every name as the text that it is, and the same values as JSON mean the same."""
    loaded = yaml.safe_load(desired_as_yaml(desired))
    assert read_desired(json.dumps(loaded, indent="\t"), NAME) == desired


def test_names_of_people_are_written_as_comments() -> None:
    """Names of people follow the usernames as comments, each on one line, and do not change what the file means."""
    people = (Person("username", ILSE.upper().replace("IDIR", "idir")), Person("client_id", "fisheries-102"))
    roles = Listed((DesiredRole("reviewer", members=Listed(people)),))
    user = DesiredUser(Person("guid", "0F3A" * 8, "idir"), Listed((), exact=True))
    desired = Desired((DesiredPlace("#101", "dev", roles, (user,)),))
    names = {ILSE: "Ilse\n- bob@idir\x1b[2J", "service-account-fisheries-102": "Fisheries"}
    names[f"{'0f3a' * 8}@idir"] = "Maren"
    text = desired_as_yaml(desired, header="Made by hand.\nversion: 2\r\x1b", names=names)
    assert read_desired(text, NAME) == desired
    assert text == (
        "# Made by hand.\n"
        "# version: 2\n"
        "# \N{REPLACEMENT CHARACTER}\n"
        "version: 1\n"
        "integrations:\n"
        "  - integration: 101\n"
        "    environments:\n"
        "      dev:\n"
        "        roles:\n"
        "          - name: reviewer\n"
        "            members:\n"
        f"              - {people[0].value}  # Ilse - bob@idir\N{REPLACEMENT CHARACTER}[2J\n"
        "              - client_id: fisheries-102  # Fisheries\n"
        "        users:\n"
        f"          - guid: {'0F3A' * 8}  # Maren\n"
        "            provider: idir\n"
        "            roles:\n"
        "              exact: []\n"
    )


@pytest.mark.parametrize(
    ("where", "items"),
    [
        ([("101", "dev"), ("101", "prod"), ("102", "dev")], 2),
        ([("101", "dev"), ("102", "dev"), ("101", "prod")], 3),
        ([], 0),
    ],
)
def test_adjacent_environments_of_one_integration_share_an_entry(where: list[tuple[str, str]], items: int) -> None:
    """Adjacent environments of one integration share an entry, and the order of environments is kept."""
    desired = Desired(tuple(DesiredPlace(*each) for each in where))
    text = desired_as_yaml(desired)
    assert text.count("- integration:") == items
    assert read_desired(text, NAME) == desired
