"""css-sdk reads roles files: it accepts valid values, and reports every fault with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from css_sdk import (
    Desired,
    DesiredPlace,
    DesiredRole,
    DesiredUser,
    Listed,
    Person,
    Protection,
    read_desired,
)
from css_sdk.roles_file.yaml_nodes import misread_as
from tests.desired_files import NAME, faults_of, in_dev

EXAMPLE = Path(__file__).parent.parent / "examples" / "roles.yaml"
JANE, JOHN = f"{'0f3a' * 8}@idir", f"{'7c1d' * 8}@bceidbusiness"
ILSE, CASPIAN = "D6DF" * 8, f"{'5307' * 8}@idir"

WHOLE = f"""\
version: 1
protect:
  roles: [admin*]
  users: [service-account-*, {JANE}]
integrations:
  - integration: Grants Portal
    environments:
      prod: {{}}
      dev:
        roles:
          - reviewer
          - name: admin
            was: chief
            composites: {{exact: [approver, reviewer]}}
            members:
              - email: Ilse.Hargreave@example.com
                provider: idir
              - guid: {ILSE}
              - username: {JOHN}
              - client_id: fisheries-service-102
              - {JANE}
          - name: approver
            members: {{additive: []}}
  - integration: 101
    environments:
      dev:
        roles: {{exact: []}}
        users:
          - username: {CASPIAN}
            roles: {{exact: []}}
"""


# Valid files


def test_a_file_with_every_key_is_read_completely() -> None:
    """css-sdk reads every key, every way to name a person, and every form of a list."""
    members = (
        Person("email", "Ilse.Hargreave@example.com", "idir"),
        Person("guid", ILSE),
        Person("username", JOHN),
        Person("client_id", "fisheries-service-102"),
        Person("username", JANE),
    )
    roles = (
        DesiredRole("reviewer"),
        DesiredRole("admin", "chief", Listed(("approver", "reviewer"), exact=True), Listed(members)),
        DesiredRole("approver", members=Listed(())),
    )
    user = DesiredUser(Person("username", CASPIAN), Listed((), exact=True))
    assert read_desired(WHOLE, NAME) == Desired(
        (
            DesiredPlace("Grants Portal", "prod"),
            DesiredPlace("Grants Portal", "dev", Listed(roles)),
            DesiredPlace("#101", "dev", Listed((), exact=True), (user,)),
        ),
        Protection(("admin*",), ("service-account-*", JANE)),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_every_encoding_and_line_ending_is_read(encoding: str, end: str) -> None:
    """css-sdk reads every line ending and encoding that editors and shells write, and ignores a byte order mark."""
    text = WHOLE.replace("reviewer", "Prüfer 🦫").replace("\n", end)
    assert read_desired(text.encode(encoding), NAME) == read_desired("\ufeff" + text, NAME)
    assert faults_of(text.replace("version: 1", f"version: 1{end}version: 1").encode(encoding)) == [
        "2: version: the key 'version' is on line 1 already"
    ]


@pytest.mark.parametrize(
    "options", [{}, {"indent": "\t"}, {"ensure_ascii": False}, {"separators": (",", ":")}], ids=str
)
def test_a_roles_file_in_json_is_read(options: dict[str, str]) -> None:
    """css-sdk reads a roles file in JSON, however it is indented, including escaped surrogate pairs,
    which YAML lacks.
    """
    loaded = json.dumps(yaml.safe_load(WHOLE)).replace("reviewer", "\\\\\\ud83e\\uddab\\\\u0041")
    text = json.dumps(json.loads(loaded), **options)  # type: ignore[arg-type]
    expected = read_desired(WHOLE.replace("reviewer", '"\\\\🦫\\\\u0041"'), NAME)
    assert read_desired(text, NAME) == expected


def test_the_example_is_read() -> None:
    """The example file has no faults, and names environments of the shipped sandbox."""
    desired = read_desired(EXAMPLE.read_bytes(), EXAMPLE.name)
    assert [place.named for place in desired.places] == [("Grants Portal", "dev"), ("#102", "dev")]
    assert len(desired.places[0].grants) == 6


def test_the_documented_file_is_read() -> None:
    """The roles file in the documentation has no faults."""
    text = (EXAMPLE.parent.parent / "docs" / "roles-as-code.md").read_text(encoding="utf-8")
    text = text.partition("## The file\n")[2]
    [place] = read_desired(text.partition("```yaml\n")[2].partition("```")[0], NAME).places
    assert len(place.grants) == 5


# Texts that YAML misreads without quotes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((each, "a boolean") for each in ("no", "on", "Off", "y", "TRUE")),
        *((each, "a number") for each in ("012", "1e3", "0x1F", "0o17", "1_000", "1:30", ".5", "-.inf", "42")),
        ("2024-01-01", "a date"),
        ("2001-12-14t21:59:43.10-05:00", "a date"),
        ("null", "nothing"),
        ("=", "a special sign"),
    ],
)
def test_a_text_that_yaml_misreads_needs_quotes(text: str, kind: str) -> None:
    """A text that YAML would read as a boolean, number or date needs quotes, and with quotes it is an ordinary name."""
    assert faults_of(in_dev(f"roles: [{text}]")) == [
        f"6: integrations[0].environments.dev.roles[0]: without quotes, YAML reads {text!r} as {kind}: "
        "write it in quotes if a text is meant"
    ]
    [place] = read_desired(in_dev(f"roles: ['{text}']"), NAME).places
    assert place.roles == Listed((DesiredRole(text),))


@given(st.text("0123456789.:-+_eExXoObntTzZ yYnNouflsrai~<=", min_size=1, max_size=12))
@example("2024-1-1 1:1:1")
@example("-0b1_0")
def test_every_unquoted_text_that_a_yaml_loader_converts_is_recognized(text: str) -> None:
    """css-sdk recognizes every unquoted text that a YAML loader would convert to something other than text."""
    try:
        loaded = yaml.safe_load(f"[{text}]")
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(loaded, list) and len(loaded) == 1 and not isinstance(loaded[0], (str, list, dict)):
        assert misread_as(text.strip()) is not None or not text.strip()


@pytest.mark.parametrize("text", ["~", "", "null"])
def test_a_key_without_a_value_is_a_fault(text: str) -> None:
    """A key without a value is a fault, because it could mean an empty list or nothing at all."""
    [fault] = faults_of(in_dev(f"roles:\n  - name: admin\n    members: {text}"))
    assert fault.startswith(
        "8: integrations[0].environments.dev.roles[0].members: a list is expected here, not nothing"
    )


# Texts that are not roles files


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "1: the file is empty; css export writes a roles file to begin with"),
        (b"\n", "1: the file is empty"),
        (b"\xef\xbb\xbf# nothing\n", "1: the file is empty"),
        ("---\n", "2: a mapping is expected here, not nothing"),
        ("[]", "1: a mapping is expected here, not a list"),
        ("a: 1\n---\nb: 2", "2: a second document begins; a file can contain only one document"),
        ("version: 1\nx: [", "3: this is not YAML: did not find expected node content"),
        ("version: 1\n\tx: 1", "2: this is not YAML: .*; indent with blanks, not with tabs"),
        ("version: 1\nx: @idir", "2: .* write a text that begins with @ in quotes"),
        ("x: a: b", "1: .* write a text with «: » in quotes"),
        ("version: 1\nx: 'a\n", r"\d: .* is a quote or a bracket not closed\?"),
        ("version: 1\n? [a]\n: b", "2: a key must be a text"),
        ("version: 1\n<<: {}", "2: merge keys .* are not supported"),
        ("[" * 100_000, "1: .*a roles file has no more than 24 levels"),
        ("{a: " * 100_000, "1: .*a roles file has no more than 24 levels"),
        ("- " * 50_000, "1: a roles file has no more than 24 levels"),
        ("version: 1\nx: a\x00b", r"2: the character '\\x00' cannot be seen"),
        ("version: 1\nx: \ud800", r"2: the character '\\ud800' cannot be seen"),
        ("version: 1\nx: a\u2028b", r"2: the character '\\u2028' cannot be seen"),
        (b"version: 1\n# caf\xe9\n", "2: this is not UTF-8"),
        ('{"x": "\\ud83e"}', "1: this is not YAML: found invalid Unicode character escape code"),
    ],
)
def test_a_text_that_is_not_a_roles_file_is_refused_with_the_line(content: str | bytes, fault: str) -> None:
    """A text that is not a roles file is refused, with the line of the first fault."""
    assert re.match(fault, faults_of(content)[0])


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("roles: &all [reviewer]", "6: integrations[0].environments.dev.roles: &all is an anchor"),
        ("roles: [*all]", "6: integrations[0].environments.dev.roles[0]: *all is an alias"),
        ("roles: [!!str no]", "6: integrations[0].environments.dev.roles[0]: the tag 'tag:yaml.org,2002:str' is not"),
        ("roles: !!python/object:os.system [x]", "6: integrations[0].environments.dev.roles: the tag 'tag:yaml.org"),
        ("roles: !include x.yaml", "6: integrations[0].environments.dev.roles: the tag '!include' is not supported"),
        (
            "roles:\n  - name: admin\n     was chief\n",
            "7: integrations[0].environments.dev.roles[0].name: a text must be on one",
        ),
        ("roles:\n  - |\n    admin\n", "7: integrations[0].environments.dev.roles[0]: a text must be on one line"),
    ],
)
def test_anchors_aliases_tags_and_multiline_texts_are_refused(inner: str, expected: str) -> None:
    """Anchors, aliases, tags and texts over several lines are refused: a reviewer must see each value in its place."""
    [fault] = faults_of(in_dev(inner))
    assert fault.startswith(expected)


# Faults of structure


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    """css-sdk reports all faults of a file at once, each with line and path, in the order of the file."""
    text = in_dev(
        f"""\
membres: []
roles:
  - name: admin
    composites: admin
    members: {{exact: [], additive: []}}
    was: {{}}
  - {{was: chief}}
  - name: " a"
    members:
      - bob
      - ilse@example.com
      - {{email: ilse, provider: idir}}
      - {{guid: a b, provider: github}}
      - {{username: {JANE}, provider: idir}}
      - {{username: {JANE}, guid: 0f3a}}
      - {{}}
  - ".."
  - "a\\x07"
  - ""
users:
  - username: {JANE}
  - [x]
  - {{client_id: a@b, roles: {{all: []}}}}
""",
        above="protect: {roles: ['..'], users: [bob], all: []}\n",
    )
    text = text.replace("integration: 101", "integration: ['101']") + "      Test: {}\n  - environments: {}\n"
    found = faults_of(text.replace("version: 1", "version: '1'"))
    dev = "integrations[0].environments.dev"
    expected = [
        "1: version: the version of the file must be the number 1",
        "2: protect: the key 'all' is unknown; known are roles, users",
        "2: protect.roles[0]: A role named '..' cannot be addressed",
        "2: protect.users[0]: 'bob' is neither a username nor a pattern",
        "4: integrations[0].integration: a text is expected here, not a list",
        f"7: {dev}: the key 'membres' is unknown; known are roles, users",
        f"10: {dev}.roles[0].composites: a list is expected here, not a text",
        f"11: {dev}.roles[0].members: write the list under exactly one of additive and exact",
        f"12: {dev}.roles[0].was: a text is expected here, not a mapping",
        f"13: {dev}.roles[1]: the key 'name' is missing",
        f"14: {dev}.roles[2].name: ' a' has blanks around it",
        f"16: {dev}.roles[2].members[0]: 'bob' is not a username",
        f"17: {dev}.roles[2].members[1]: 'ilse@example.com' is an e-mail address, not a username",
        f"18: {dev}.roles[2].members[2].email: 'ilse' is not an e-mail address",
        f"19: {dev}.roles[2].members[3].guid: 'a b' is not a GUID",
        f"19: {dev}.roles[2].members[3].provider: 'github' is not a provider; use one of azureidir, ",
        f"20: {dev}.roles[2].members[4].provider: leave the provider out: only a guid or an email can have one",
        f"21: {dev}.roles[2].members[5]: name the person by exactly one of username, guid, email, client_id",
        f"22: {dev}.roles[2].members[6]: name the person by exactly one of username, guid, email, client_id",
        f"23: {dev}.roles[3]: A role named '..' cannot be addressed",
        f"24: {dev}.roles[4]: 'a\\x07' holds control characters: remove them",
        f"25: {dev}.roles[5]: the text is empty",
        f"27: {dev}.users[0]: the key 'roles' is missing",
        f"28: {dev}.users[1]: a mapping is expected here, not a list",
        f"29: {dev}.users[2].client_id: 'a@b' is not a client id",
        f"29: {dev}.users[2].roles: the key 'all' is unknown; known are additive, exact",
        "30: integrations[0].environments: the environment 'Test' is unknown; did you mean test?",
        "31: integrations[1]: the key 'integration' is missing",
        "31: integrations[1].environments: name at least one of dev, test, prod",
    ]
    assert len(found) == len(expected), found
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(start)


def test_a_value_under_an_unknown_key_is_not_repeated() -> None:
    """A fault about an unknown key does not repeat its value, which may be a secret."""
    [fault] = faults_of("client_secret: hush\nversion: 1\nintegrations: []")
    assert fault == "1: the key 'client_secret' is unknown; known are version, integrations, timezone, groups, protect"


# PyYAML


def test_without_its_c_library_pyyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the C library of PyYAML, css-sdk reads the same values and reports faults at the same lines."""
    expected = read_desired(WHOLE, NAME)
    faults = faults_of(in_dev("roles: [no, {name: x"))
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read_desired(WHOLE, NAME) == expected
    assert [fault.partition(":")[0] for fault in faults_of(in_dev("roles: [no, {name: x"))] == [
        fault.partition(":")[0] for fault in faults
    ]


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("fisheries-service-102", "For a service account, write its client id under `client_id`"),
        ("'@idir'", "'@idir' is not a username: the person's GUID is missing"),
        ("{guid: 0F3AC878-06AA}", "'0F3AC878-06AA' is not a GUID"),
    ],
)
def test_a_fault_about_a_person_says_how_to_write_it(member: str, said: str) -> None:
    """If a member is not a valid person, the fault says what is wrong or how to write it in a roles file."""
    [fault] = faults_of(in_dev(f"roles: [{{name: a, members: [{member}]}}]"))
    assert said in fault


def test_a_guid_may_have_dashes() -> None:
    """A GUID with dashes is the same person as without, so that both together are reported as a repetition."""
    dashed = "0f3ac878-06aa-7f21-5a7c-0d4cc4d9e799"
    people = f"{{guid: {dashed}}}, {{guid: {dashed.replace('-', '')}}}"
    [fault] = faults_of(in_dev(f"roles: [{{name: a, members: [{people}]}}]"))
    assert "the same person is on line" in fault


@pytest.mark.parametrize(
    ("member", "person"),
    [
        ("{email: ' mailto:ilse@example.com;'}", Person("email", "ilse@example.com")),
        ("{email: 'Hargreave, Ilse <ilse@example.com>', provider: idir}", Person("email", "ilse@example.com", "idir")),
        (f'"{JANE}\\u200b"', Person("username", JANE)),
        (f"{{guid: '{{{ILSE}}}'}}", Person("guid", ILSE)),
        ("{client_id: ' fisheries-service-102,'}", Person("client_id", "fisheries-service-102")),
    ],
)
def test_blanks_and_mail_syntax_around_a_person_are_ignored(member: str, person: Person) -> None:
    """css-sdk ignores blanks, brackets, hidden characters and mail syntax around a person, as it does in a roster."""
    [place] = read_desired(in_dev(f"roles: [{{name: a, members: [{member}]}}]"), NAME).places
    assert place.people == (person,)


@pytest.mark.parametrize(
    "inner",
    [
        'roles: ["ad\\u200bmin"]',
        "roles: ['ad\u3164min']",
        "roles: [{name: admin, was: 'ad\u2800min'}]",
        "roles: [{name: admin, composites: ['a\U000e0041']}]",
        f"users: [{{username: {JANE}, roles: ['a\ufe0f']}}]",
    ],
    ids=ascii,
)
def test_names_with_hidden_characters_are_refused(inner: str) -> None:
    """Names with hidden characters are refused wherever they occur; comments and a byte order mark may contain them."""
    [fault] = faults_of(in_dev(inner))
    assert "<U+" in fault
    assert "the hidden character" in fault
    hidden = "".join(map(chr, [0x200B, 0x202E, 0xFE0F, 0x3164, 0xE0041]))
    assert read_desired("\ufeff" + in_dev(f"{{}} # {hidden}"), NAME).places


def test_hidden_characters_in_protection_patterns_are_refused() -> None:
    """Protection patterns with hidden characters or an incomplete GUID are refused, because they would
    protect nothing.
    """
    for above in ("protect: {roles: ['ad\u200bmin']}\n", "protect: {roles: ['ad\u200bmin*']}\n"):
        [fault] = faults_of(in_dev("{}", above=above))
        assert fault.startswith("2: protect.roles[0]: 'ad<U+200B>min")
    [fault] = faults_of(in_dev("{}", above=f"protect: {{users: [{JANE[1:]}]}}\n"))
    assert "31 characters" in fault
