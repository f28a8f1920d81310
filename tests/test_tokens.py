"""A verifier accepts valid tokens with given keys at a given time, and refuses each other token with its reason."""

from __future__ import annotations

import base64
import datetime
import json
import pickle
import sys
import time
import traceback
from types import MappingProxyType
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from css_sdk import ConfigurationError, InvalidToken, TokenVerifier, VerifiedToken
from css_sdk.auth.verification import LONGEST
from tests.signing import AUDIENCE, CLAIMS, ISSUER, NOW, ONE_KEY, jwk, key, signed, token, verifier
from tests.support import examples


def reason(given: Any, keys: Any = ONE_KEY, **options: Any) -> str:
    """Return the reason of a refusal, and check that the error does not contain the token."""
    with pytest.raises(InvalidToken) as caught:
        verifier(keys, **options).verify(given)
    found = f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__context__}"
    assert not isinstance(given, str) or not any(part in found for part in given.split(".") if len(part) > 8)
    assert CLAIMS["email"] not in found
    return caught.value.reason


def part(content: Any) -> str:
    """Return JSON or bytes as a part of a token."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hmac(secret: bytes, algorithm: str = "HS256") -> str:
    """Return a token that is signed with a secret, which libraries would refuse to create."""
    signing_input = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'first'})}.{part(CLAIMS)}"
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(signing_input.encode())
    return f"{signing_input}.{part(mac.finalize())}"


GOOD = token()
PUBLIC = key().public_key()
TWO_ALGORITHMS = b'{"alg": "none", "alg": "RS256", "kid": "first"}'


def test_a_valid_token_is_read() -> None:
    """A valid token gives subject, client, roles and times of its claims."""
    verified = verifier().verify(GOOD)
    moment = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    second = datetime.timedelta(seconds=1)
    roles = frozenset({"reviewer"})
    assert verified == VerifiedToken(
        CLAIMS["sub"], AUDIENCE, False, roles, moment - 10 * second, moment + 290 * second, CLAIMS
    )
    assert hash(verified) == hash(pickle.loads(pickle.dumps(verified)))  # noqa: S301


def test_a_repr_shows_neither_person_nor_token() -> None:
    """The reprs of a verified token and of a verifier contain neither personal data nor the token."""
    shown = repr(verifier().verify(GOOD)) + repr(verifier())
    assert AUDIENCE in shown
    for private in (CLAIMS["sub"], CLAIMS["email"], CLAIMS["preferred_username"], *GOOD.split(".")):
        assert private not in shown


REFUSED: dict[str, tuple[Any, str]] = {
    "alg none": (f"{part({'alg': 'none', 'kid': 'first'})}.{part(CLAIMS)}.", "algorithm"),
    "alg none, signed": (f"{part({'alg': 'none', 'kid': 'first'})}.{part(CLAIMS)}.{GOOD.split('.')[2]}", "algorithm"),
    "alg None": (f"{part({'alg': None})}.{part(CLAIMS)}.AAAA", "algorithm"),
    "alg in other letters": (f"{part({'alg': 'rs256'})}.{part(CLAIMS)}.AAAA", "algorithm"),
    "no alg": (f"{part({'kid': 'first'})}.{part(CLAIMS)}.AAAA", "algorithm"),
    "hmac, PEM": (by_hmac(PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)), "algorithm"),
    "hmac, DER": (by_hmac(PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)), "algorithm"),
    "hmac, JWK": (by_hmac(json.dumps(jwk()).encode()), "algorithm"),
    "hmac that says RS256": (by_hmac(json.dumps(jwk()).encode(), "RS256"), "signature"),
    "another algorithm": (token(algorithm="RS512"), "algorithm"),
    "another's key": (token(key("other")), "signature"),
    "an own key in the header": (token(key("other"), header={"kid": "first", "jwk": jwk("other")}), "signature"),
    "an own key set in the header": (token(key("other"), header={"jku": "https://e.example/k"}), "signature"),
    "an unknown kid": (token(key("other"), header={"kid": "other"}), "unknown key"),
    "an empty kid": (token(header={"kid": ""}), "unknown key"),
    "a kid that is no text": (f"{part({'alg': 'RS256', 'kid': 5})}.{part(CLAIMS)}.AAAA", "malformed"),
    "crit": (f"{part({'alg': 'RS256', 'kid': 'first', 'crit': ['exp']})}.{part(CLAIMS)}.AAAA", "malformed"),
    "b64": (f"{part({'alg': 'RS256', 'kid': 'first', 'b64': False})}..AAAA", "malformed"),
    "another issuer": (token(iss="https://login.example/auth/realms/other"), "issuer"),
    "an issuer with a slash more": (token(iss=f"{ISSUER}/"), "issuer"),
    "a list of issuers": (token(iss=[ISSUER]), "issuer"),
    "no issuer": (token(iss=None), "missing claim"),
    "another audience": (token(aud="fisheries-service-102"), "audience"),
    "other audiences": (token(aud=["account", f"{AUDIENCE}0"]), "audience"),
    "a longer audience": (token(aud=f"{AUDIENCE} account"), "audience"),
    "a nested audience": (token(aud=[[AUDIENCE]]), "audience"),
    "an audience by name": (token(aud={AUDIENCE: True}), "audience"),
    "no audience in a list": (token(aud=[]), "audience"),
    "no audience": (token(aud=None), "missing claim"),
    "no issuer, no audience": (token(iss=None, aud=None), "missing claim"),
    "no exp": (token(exp=None), "missing claim"),
    "no iat": (token(iat=None), "missing claim"),
    "expired": (token(exp=NOW - 1), "expired"),
    "expired this second": (token(exp=NOW), "expired"),
    "exp at the beginning of time": (token(exp=0), "expired"),
    "issued later": (token(iat=NOW + 1), "not yet valid"),
    "not before later": (token(nbf=NOW + 0.5), "not yet valid"),
    "exp as a text": (token(exp=str(NOW + 290)), "malformed"),
    "exp as a truth": (token(exp=True), "malformed"),
    "exp as a list": (token(exp=[NOW + 290]), "malformed"),
    "exp not a number": (token(exp=float("nan")), "malformed"),
    "exp endless": (token(exp=float("inf")), "malformed"),
    "exp huge": (token(exp=10**400), "malformed"),
    "exp longer than Python reads": (
        signed(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "9" * 5000).encode()),
        "malformed",
    ),
    "exp negative": (token(exp=-5), "malformed"),
    "iat as a text": (token(iat="0"), "malformed"),
    "nbf null": (signed(json.dumps({**CLAIMS, "nbf": None}).encode()), "malformed"),
    "exp null": (signed(json.dumps({**CLAIMS, "exp": None}).encode()), "missing claim"),
    "a subject that is no text": (token(sub=5), "malformed"),
    "a client in a list": (token(azp=[AUDIENCE]), "malformed"),
    "a client that is null": (signed(json.dumps({**CLAIMS, "azp": None}).encode()), "malformed"),
    "another client that is no text": (token(client_id=5), "malformed"),
    "a claim twice": (signed(json.dumps(CLAIMS)[:-1].encode() + b', "aud": "x"}'), "malformed"),
    "a claim twice, deep": (
        signed(json.dumps(CLAIMS)[:-1].encode() + b', "x": [{"a": 1, "\\u0061": 1}]}'),
        "malformed",
    ),
    "alg twice": (f"{part(TWO_ALGORITHMS)}.{part(CLAIMS)}.AAAA", "malformed"),
    "an ID token": (token(typ="ID"), "type"),
    "a token bound to a key": (token(typ="DPoP"), "type"),
    "a logout token": (token(header={"kid": "first", "typ": "logout+jwt"}), "type"),
    "claims in a list": (signed(b"[]"), "malformed"),
    "claims that are no JSON": (signed(b"{"), "malformed"),
    "claims nested deep": (signed(b"[" * 9000), "malformed"),
    "cut short": (GOOD[:-2], "signature"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "malformed"),
    "two parts": (".".join(GOOD.split(".")[:2]), "malformed"),
    "five parts": (f"{GOOD}.AAAA.AAAA", "malformed"),
    "no signature": (".".join([*GOOD.split(".")[:2], ""]), "signature"),
    "empty": ("", "malformed"),
    "one word": (GOOD.split(".")[0], "malformed"),
    "dots": ("..", "malformed"),
    "a blank before": (f" {GOOD}", "malformed"),
    "a line's end after": (f"{GOOD}\n", "malformed"),
    "padding": (f"{GOOD}==", "malformed"),
    "other base64": (GOOD.replace("_", "/").replace("-", "+"), "malformed"),
    "letters that are none": (f"{GOOD[:-1]}é", "malformed"),
    "the header's word with it": (f"Bearer {GOOD}", "malformed"),
    "None": (None, "malformed"),
    "bytes": (GOOD.encode(), "malformed"),
    "a list": ([GOOD], "malformed"),
    "one letter too many": ("a" * (LONGEST + 1), "too long"),
}


@pytest.mark.parametrize(("given_token", "expected"), REFUSED.values(), ids=[*REFUSED])
def test_each_invalid_token_is_refused_with_its_reason(given_token: Any, expected: str) -> None:
    """The error has one of a few reasons, and contains neither the token nor its content."""
    assert reason(given_token) == expected


SENTENCES = {
    "None": "A token must be a text, not a value of type NoneType.",
    "one letter too many": "It has more than 16,384 characters.",
    "the header's word with it": 'Pass the token without the word "Bearer" before it.',
    "one word": "It is not a JWT, and css-sdk cannot verify an opaque token. Check that the token is complete.",
    "two parts": "It is not a JWT. A JWT has three parts in base64url, and JSON in the first two. "
    "Check that the token is complete.",
    "crit": "Its header demands extensions that css-sdk does not support.",
    "a logout token": "It is not an access token: the field typ in its header names another kind of token.",
    "a kid that is no text": "The key id in its header is not a text.",
    "an unknown kid": f"Its key id fits no key of {ISSUER}. Check which server issued the token.",
    "cut short": "Its signature is not valid: the token was changed, or another server issued it.",
    "claims in a list": "Its content is not a JSON object.",
    "no issuer, no audience": "It lacks iss, aud.",
    "another issuer": f"Its issuer is not {ISSUER}.",
    "another audience": f"Its audience is not {AUDIENCE!r}.",
    "an ID token": "Its claim typ is not Bearer. It may be an ID token, or a token that is bound to a key.",
    "exp as a text": "One of its claims exp, iat, nbf is not a valid number of seconds.",
    "a subject that is no text": "One of its claims sub, azp, client_id is not a text.",
    "expired": "Request a new token.",
    "issued later": "Check the clock of this machine.",
}


@pytest.mark.parametrize("case", SENTENCES)
def test_each_refusal_says_what_is_wrong(case: str) -> None:
    """The message of a refusal has the reason and one sentence that says what is wrong."""
    given_token, expected = REFUSED[case]
    with pytest.raises(InvalidToken) as caught:
        verifier().verify(given_token)
    assert str(caught.value) == f"The token is not accepted ({expected}). {SENTENCES[case]}"


def test_a_refusal_names_the_algorithms_that_are_accepted() -> None:
    """A refusal because of the algorithm names all accepted algorithms, so that a caller sees what to configure."""
    with pytest.raises(InvalidToken, match=r"\(algorithm\). It is not signed with RS256 or ES256\.$"):
        verifier(algorithms=["RS256", "ES256"]).verify(token(algorithm="RS512"))


@pytest.mark.parametrize(
    ("header", "keys", "sentence"),
    [
        ({}, [jwk(), jwk("other")], f"Its header names no key, and {ISSUER} has several keys for its algorithm."),
        (None, [jwk(), jwk("other", kid="first")], f"Its key id fits several keys of {ISSUER}."),
    ],
)
def test_a_refusal_says_that_several_keys_fit(header: Any, keys: Any, sentence: str) -> None:
    """If several keys fit a token, the refusal says so, and does not suggest another issuer."""
    with pytest.raises(InvalidToken) as caught:
        verifier(keys).verify(token() if header is None else token(header=header))
    assert caught.value.text_for("command_line").endswith(f"(unknown key). {sentence}")


def test_a_huge_text_is_refused_quickly() -> None:
    """A text of a megabyte is refused without being parsed, a hundred times within a second."""
    rubbish = [letter * 1_000_000 for letter in ("a", ".", "[", "é")]
    begin = time.perf_counter()
    for _ in range(25):
        assert [reason_of_rubbish(text) for text in rubbish] == ["too long"] * 4
    assert time.perf_counter() - begin < 1


def reason_of_rubbish(text: str) -> str:
    """Return the reason why the text is refused."""
    with pytest.raises(InvalidToken) as caught:
        verifier().verify(text)
    return caught.value.reason


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 127))
def test_no_changed_token_is_accepted(position: int, flips: int) -> None:
    """A token with any flipped bits is refused, also if base64url ignores those bits."""
    altered = GOOD[:position] + chr(ord(GOOD[position]) ^ flips) + GOOD[position + 1 :]
    with pytest.raises(InvalidToken):
        verifier().verify(altered)


def test_a_token_can_be_written_in_one_way_only() -> None:
    """The last character of each part has unused bits; no other character is accepted in its place."""
    parts = GOOD.split(".")
    for number, text in enumerate(parts):
        for character in ALPHABET.replace(text[-1], ""):
            altered = [*parts[:number], text[:-1] + character, *parts[number + 1 :]]
            with pytest.raises(InvalidToken):
                verifier().verify(".".join(altered))


@pytest.mark.parametrize(("exp", "now", "is_good"), [(0, 9.9, True), (0, 10, False), (0.5, 10.4, True)])
def test_clocks_may_differ_by_the_leeway(exp: float, now: float, is_good: bool) -> None:
    """A token is accepted if it has expired, or is not yet valid, by less than the leeway."""
    own = verifier(clock=lambda: NOW + now, leeway=10)
    ending = token(exp=NOW + exp)
    if is_good:
        assert own.verify(ending)
    else:
        assert reason(ending, clock=lambda: NOW + now, leeway=10) == "expired"
    early = token(iat=NOW + 10, nbf=NOW + 10, exp=NOW + 300)
    assert verifier(leeway=10).verify(early)
    assert reason(early, leeway=9) == "not yet valid"


# Keys


UNUSABLE: dict[str, Any] = {
    "for encryption": jwk(use="enc"),
    "of another algorithm": jwk(alg="RS512"),
    "for encryption by its algorithm": jwk(alg="RSA-OAEP"),
    "for signing alone": jwk(key_ops=["sign"]),
    "with its private half": jwk(d=jwk()["n"]),
    "with a private half that fits": jwk(
        **{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key())), "key_ops": ["verify"]}
    ),
    "symmetric": {"kty": "oct", "k": part(b"x" * 32), "kid": "first", "alg": "RS256"},
    "of another type": jwk(kty="EC"),
    "without its number": jwk(n=None),
    "with a number that is none": jwk(n=5),
    "whose id is no text": jwk(kid=5),
    "too short": None,
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_some_keys_are_never_used(name: str) -> None:
    """Keys for another use, symmetric, short or private keys are ignored, and do not harm others."""
    short = key("short", 1024).public_key()
    entry = UNUSABLE[name] or {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(short)), "kid": "first"}
    with pytest.raises(ConfigurationError, match="None of the keys"):
        verifier({"keys": [entry]})
    assert reason(GOOD, [entry, jwk("other")]) == "unknown key"


@pytest.mark.parametrize("keys", [{}, [], {"keys": None}, {"keys": {"first": jwk()}}, [None, "first", 5], 5, "x"])
def test_a_verifier_without_usable_keys_is_refused_when_it_is_made(keys: Any) -> None:
    """If no given key is usable, the verifier is refused when it is made."""
    with pytest.raises(ConfigurationError, match="None of the keys"):
        verifier(keys)


def test_keys_may_be_in_any_collection() -> None:
    """Keys may be in any collection, also one that can be read only once."""
    for keys in (ONE_KEY["keys"], tuple(ONE_KEY["keys"]), iter(ONE_KEY["keys"]), MappingProxyType(ONE_KEY)):
        assert verifier(keys).verify(GOOD)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5", None])
def test_a_timeout_is_a_number_of_seconds(timeout: Any) -> None:
    """An invalid timeout is refused when the verifier is made, not when keys are fetched."""
    with pytest.raises(ConfigurationError, match="timeout"):
        TokenVerifier(ISSUER, AUDIENCE, timeout=timeout)


def test_two_keys_that_differ_in_one_number_are_not_a_repetition() -> None:
    """Two keys that differ in one number count as two, so that neither is used for a token without key id."""
    assert reason(token(header={}), [jwk(), jwk(e="AQAD")]) == "unknown key"
    curve, other = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    numbers = json.loads(ECAlgorithm.to_jwk(curve.public_key()))
    mirrored = int.from_bytes(base64.urlsafe_b64decode(numbers["y"] + "=="))
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    keys = [numbers, {**numbers, "y": part((prime - mirrored).to_bytes(32))}]
    assert verifier(keys[:1] * 2, algorithms=["ES256"]).verify(token(curve, header={}, algorithm="ES256"))
    assert reason(token(curve, header={}, algorithm="ES256"), keys, algorithms=["ES256"]) == "unknown key"
    edwards = [
        json.loads(OKPAlgorithm.to_jwk(one.public_key())) for one in (other, ed25519.Ed25519PrivateKey.generate())
    ]
    assert reason(token(other, header={}, algorithm="EdDSA"), edwards, algorithms=["EdDSA"]) == "unknown key"


def test_a_token_without_kid_needs_exactly_one_key() -> None:
    """With two keys, or two of the same id, none is used; a repeated key counts once."""
    anonymous = token(header={})
    assert verifier([jwk(kid=None)]).verify(anonymous)
    assert verifier().verify(anonymous)
    assert verifier([jwk(), jwk(), jwk("other", use="enc")]).verify(anonymous)
    assert reason(anonymous, [jwk(), jwk("other")]) == "unknown key"
    assert reason(GOOD, [jwk(), jwk("other", kid="first")]) == "unknown key"
    assert verifier([jwk(), jwk("other")]).verify(GOOD)


def test_a_key_without_alg_is_for_the_callers_algorithms() -> None:
    """A key without `alg` is used for the caller's algorithms and no others."""
    keys = [jwk(alg=None, use=None)]
    assert verifier(keys).verify(GOOD)
    assert verifier(keys, algorithms=["PS256", "RS512"]).verify(token(algorithm="PS256"))
    assert reason(GOOD, keys, algorithms=["PS256"]) == "algorithm"


def test_keys_of_elliptic_curves_are_accepted_on_request() -> None:
    """Keys of elliptic curves are accepted if their algorithm is named; a key of another curve is not."""
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    keys = [
        {**json.loads(ECAlgorithm.to_jwk(curve.public_key())), "kid": "first"},
        {**json.loads(OKPAlgorithm.to_jwk(edwards.public_key())), "kid": "first"},
    ]
    both = ["ES256", "EdDSA"]
    assert verifier(keys, algorithms=both).verify(token(curve, algorithm="ES256"))
    assert verifier(keys, algorithms=both).verify(token(edwards, algorithm="EdDSA"))
    with pytest.raises(ConfigurationError, match="None of the keys"):
        verifier(keys, algorithms=["ES384"])


@pytest.mark.parametrize(
    "algorithms",
    [["none"], ["HS256"], ["RS256", "HS512"], [], "RS256", ["rs256"], ["NONE"], [None], None, 5, [["RS256"]]],
)
def test_only_algorithms_with_a_public_key_can_be_named(algorithms: Any) -> None:
    """An argument cannot choose an algorithm without a public key, such as `none` or HS256."""
    with pytest.raises(ConfigurationError, match=r"^algorithms= (contains|is empty|must be a list)"):
        verifier(algorithms=algorithms)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "10", None, True])
def test_the_time_to_fetch_keys_is_a_number_of_seconds(timeout: Any) -> None:
    """A timeout that is not a positive number is refused when the verifier is made."""
    with pytest.raises(ConfigurationError, match="timeout= must be"):
        verifier(timeout=timeout)


@pytest.mark.parametrize("leeway", [-1, float("nan"), float("inf"), 3600, "10", None, True, [10]])
def test_a_leeway_is_short(leeway: Any) -> None:
    """A leeway that is unlimited, too long or not a number is refused, because it would accept expired tokens."""
    with pytest.raises(ConfigurationError, match="leeway"):
        verifier(leeway=leeway)


@pytest.mark.parametrize(
    ("issuer", "audience"), [("", AUDIENCE), (ISSUER, ""), (None, AUDIENCE), (ISSUER, [AUDIENCE, ""])]
)
def test_issuer_and_audience_have_to_be_passed(issuer: Any, audience: Any) -> None:
    """A verifier without an issuer or an audience is refused when it is made."""
    with pytest.raises(ConfigurationError, match=r"missing: pass (issuer|audience)= as a text"):
        TokenVerifier(issuer, audience, keys=ONE_KEY)


def test_an_opaque_token_cannot_be_verified() -> None:
    """An opaque token, such as one of the BSS, is refused, and the error says that it cannot be verified."""
    with pytest.raises(InvalidToken, match="not a JWT, and css-sdk cannot verify an opaque token") as caught:
        verifier().verify("0b7d3f4e-5a1f-4d1c-9a57-3f3b0c9d8e21")
    assert caught.value.reason == "malformed"


def test_tokens_at_the_limits_are_accepted() -> None:
    """A token without a type, with the longest leeway or a distant expiry is accepted, and the longest
    text is parsed.
    """
    assert verifier().verify(token(typ=None))
    assert verifier().verify(token(header={"kid": "first", "typ": None}))
    assert verifier(leeway=300).verify(token(exp=NOW - 299))
    assert verifier().verify(token(exp=253_402_300_799))
    assert reason("a" * LONGEST) == "malformed"


def test_no_traceback_shows_the_token() -> None:
    """No traceback shows the token or its content, even with the local variables of css-sdk."""
    for bad in (GOOD[:-2], token(aud="other"), token(exp=NOW - 1), f"Bearer {GOOD}"):
        try:
            verifier().verify(bad)
        except InvalidToken as error:
            ours = error.__traceback__ and error.__traceback__.tb_next
            shown = "".join(traceback.TracebackException(type(error), error, ours, capture_locals=True).format())
        assert GOOD.split(".")[1] not in shown
        assert CLAIMS["email"] not in shown
        assert "Secret(…)" in shown


def test_without_the_extra_a_verifier_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """If PyJWT is missing, creating a verifier raises an error that names the extra to install."""
    for module in ("jwt", "jwt.algorithms"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, module, None)
            with pytest.raises(ConfigurationError, match=r'pip install "css-sdk\[verify\]"'):
                TokenVerifier(ISSUER, AUDIENCE)


@pytest.mark.parametrize(
    ("algorithms", "fault"),
    [
        ([], "is empty"),
        (["RS256", "HS256", "none"], "contains 'HS256', 'none', which css-sdk does not accept"),
        ([None], "contains None, which css-sdk does not accept"),
    ],
)
def test_the_error_names_the_algorithms_that_cannot_be_used(algorithms: Any, fault: str) -> None:
    """The error lists exactly the algorithms that are not accepted."""
    with pytest.raises(ConfigurationError, match=rf"^algorithms= {fault}\. Use "):
        verifier(algorithms=algorithms)


def test_a_refusal_names_every_accepted_audience() -> None:
    """A token for another audience is refused with the list of the audiences that the verifier accepts."""
    with pytest.raises(InvalidToken, match=r"Its audience is not 'grants-portal' or 'reports'\."):
        TokenVerifier(ISSUER, ["grants-portal", "reports"], keys=ONE_KEY, clock=lambda: NOW).verify(
            token(aud="elsewhere")
        )


def test_a_token_without_typ_can_be_an_access_token() -> None:
    """A token is accepted without the claim `typ`, which only Keycloak writes."""
    assert verifier().verify(token(typ=None))


def test_roles_of_the_client_count_only_where_the_client_is_the_audience() -> None:
    """`client_roles` are the roles of the client that the token was issued to, so no other audience gets them."""
    both = TokenVerifier(ISSUER, [AUDIENCE, "reports"], keys=ONE_KEY, clock=lambda: NOW)
    found = both.verify(token(aud=[AUDIENCE, "reports"], azp="reports", client_roles=["clerk"], resource_access=None))
    assert (found.roles_in("reports"), found.roles_in(AUDIENCE)) == ({"clerk"}, frozenset())
    assert found.roles_in("elsewhere") == frozenset()
