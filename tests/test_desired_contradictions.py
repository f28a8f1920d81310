"""Contradictions in a roles file are reported as faults."""

from __future__ import annotations

import json
import re

import pytest

from css_sdk import read_desired
from tests.desired_files import NAME, faults_of, in_dev


def with_whole_guids(text: str) -> str:
    """Return the file with complete GUIDs in place of the short ones, which keep the test cases readable."""
    return re.sub("(?i)0f3a(?=@|[,}])", lambda found: found[0] * 8, text)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("roles: [a, {name: a}]", "roles[1]: the same role is on line 6 already"),
        ("roles: [{name: a, was: a}]", "roles[0].was: the role 'a' has this name already"),
        ("roles: [{name: a, was: b}, b]", "roles[0].was: the old name 'b' is also listed as a role on line 6"),
        ("roles: [{name: a, was: c}, {name: b, was: c}]", "roles[1].was: line 6 renames the role 'c' already"),
        ("roles: [{name: a, was: b, composites: [b]}]", "composites[0]: line 6 renames the role 'b': write 'a'"),
        ("roles: [{name: a, composites: [a]}]", "composites[0]: the role 'a' cannot be a child of itself"),
        ("roles: [{name: a, composites: [b, b]}]", "composites[1]: the same role is on line 6 already"),
        (
            "roles: [{name: a, composites: [b]}, {name: b, composites: {exact: [c]}}, {name: c, composites: [a]}]",
            "these roles contain each other: 'a' -> 'b' -> 'c' -> 'a'",
        ),
        (
            "roles: {exact: [{name: a, composites: [b]}]}",
            "composites[0]: the role 'b' is not in the exact list of roles",
        ),
        (
            "roles: {exact: []}\nusers: [{guid: 0f3a, roles: [b]}]",
            "users[0].roles[0]: the role 'b' is not in the exact list of",
        ),
        ("roles: [{name: a, members: [0f3a@idir, 0F3A@IDIR]}]", "members[1]: the same person is on line 6 already"),
        (
            "roles: [{name: a, members: [{client_id: x}, service-account-x]}]",
            "members[1]: the same person is on line 6 already",
        ),
        (
            "roles: [{name: a, members: [{guid: 0F3A, provider: idir}, 0f3a@idir]}]",
            "members[1]: the same person is on line 6 already",
        ),
        (
            "users:\n  - {email: a@b.ca, roles: [a]}\n  - {email: A@b.ca, roles: [b]}",
            "users[1]: the same user is on line 7 already",
        ),
        (
            "roles: [{name: a, members: [0F3A@idir]}]\nusers: [{username: 0f3a@idir, roles: {exact: []}}]",
            "users[0]: the exact list of roles does not contain 'a', but line 6 lists this user as a member of 'a'",
        ),
        (
            "roles: [{name: a, members: {exact: []}}]\nusers: [{username: 0f3a@idir, roles: [a]}]",
            "users[0].roles[0]: the exact list of members of 'a' on line 6 does not contain this user",
        ),
    ],
)
def test_contradictions_are_reported_once_with_the_other_line(inner: str, expected: str) -> None:
    """Each contradiction is reported once, with the line of the other entry."""
    [fault] = faults_of(in_dev(with_whole_guids(inner)))
    assert expected in fault


@pytest.mark.parametrize(
    "inner",
    [
        "roles: [{name: a, members: [{email: a@b.ca, provider: idir}, {email: a@b.ca, provider: azureidir}]}]",
        "roles: [{name: a, members: {exact: [{email: a@b.ca}]}}]\nusers: [{username: 0f3a@idir, roles: [a]}]",
        "roles: [{name: a, members: {exact: [0f3a@idir]}}]\nusers: [{email: a@b.ca, roles: {exact: [a]}}]",
        "roles: [{name: a, members: [{email: a@b.ca}]}]\nusers: [{username: 0f3a@idir, roles: {exact: []}}]",
        "roles: [{name: a, composites: [b]}, {name: b, composites: [c]}]",
        "roles: {exact: [b]}\nusers: [{guid: 0f3a, roles: [keep]}]",
        "roles: [A, a]",
    ],
)
def test_entries_that_can_both_be_true_are_no_contradiction(inner: str) -> None:
    """Entries that can both be true are accepted, such as an e-mail address and a username that may be one person."""
    assert read_desired(in_dev(with_whole_guids(inner), above="protect: {roles: [keep]}\n"), NAME).places


def test_an_environment_may_be_listed_only_once() -> None:
    """An integration may be listed twice, but each of its environments only once; `#101` and 101 are the same
    integration.
    """
    again = '  - integration: "#101"\n    environments:\n'
    assert len(read_desired(in_dev("{}") + again + "      prod: {}\n", NAME).places) == 2
    assert faults_of(in_dev("{}") + again + "      dev: {}\n") == [
        "9: integrations[1].environments.dev: #101 dev is on line 5 already"
    ]


def test_many_cycles_of_composite_roles_are_found_quickly() -> None:
    """Among roles that all contain each other, css-sdk reports some cycles, in a short time."""
    names = [f"r{number}" for number in range(60)]
    roles = [{"name": name, "composites": [other for other in names if other != name]} for name in names]
    places = [{"integration": 101, "environments": {"dev": {"roles": roles}}}]
    assert 1 <= len(faults_of(json.dumps({"version": 1, "integrations": places}))) <= 20
