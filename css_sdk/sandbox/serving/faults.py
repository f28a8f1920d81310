"""Describe faults, check them, and find the faults that strike a request. `fault_effects` lets them act."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, get_args, get_type_hints

from attrs import define, field

from ..errors import SandboxError
from ..http import READS
from ..login.bss import BSS_TOKEN_PATH
from ..login.login import DISCOVERY_PATH, KEYS_PATH, TOKEN_PATH
from ..login.tokens import REALM
from ..world.fields import check, check_keys
from ..world.other_systems import BSS_PATH, CERN_PATH, CERN_REALM, CERN_TOKEN_PATH

TOKEN_KINDS: Final = frozenset({"drop_before", "lose_after", "500_before", "500_after", "429", "delay", "drip"})
OTHER_KINDS: Final = TOKEN_KINDS | {"expired_token", "revoked_token"}
KINDS: Final = OTHER_KINDS | {
    "422_before",
    "422_after",
    "disaster",
    "lost_keys",
    "login_server",
    "empty_success",
    "late_write",
}
SPARED: Final = {"disaster": {"/heartbeat"}, "lost_keys": {"/heartbeat", "/token"}}  # paths that a kind never strikes
TYPES: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}  # in the words of JSON
LATE_ANSWERS: Final = ("lost", "timeout", 502, 503, 504)
PATHS: Final = {
    "token": [*(realm + TOKEN_PATH for realm in REALM.values()), CERN_REALM + CERN_TOKEN_PATH, BSS_TOKEN_PATH],
    "keys": [realm + place for realm in (*REALM.values(), CERN_REALM) for place in (KEYS_PATH, DISCOVERY_PATH)],
}
TARGETS: Final = {"api": KINDS, "token": TOKEN_KINDS, "keys": TOKEN_KINDS, "cern": OTHER_KINDS, "bss": OTHER_KINDS}


@define
class Fault:
    """One fault; see `Faults.add` for the fields."""

    kind: str
    method: str | None
    path: str
    times: int | None
    after: int
    probability: float
    target: str
    seconds: float
    retry_after: int | str | None
    done: bool
    first_look_up: bool
    answer: int | str
    reads: int | None
    seen: int = 0
    struck: int = 0
    _random: random.Random = field(factory=random.Random, repr=False)

    def strikes(self, target: str, method: str, path: str) -> bool:
        """Return whether the fault strikes a request, and count the request if it matches."""
        if self.target != target or (self.times is not None and self.struck >= self.times):
            return False
        if (self.method is not None and self.method != method) or not fnmatchcase(path, self.path):
            return False
        if self.kind == "late_write" and method in READS:
            return False
        if path.rstrip("/").lower() in SPARED.get(self.kind, ()):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.probability < 1 and self._random.random() >= self.probability):
            return False
        self.struck += 1
        return True

    def view(self) -> dict[str, Any]:
        """Return the counters of the fault and what decides when it strikes, as the control calls show them.

        Leave out the settings of its effect, such as `seconds`.
        """
        names = ("kind", "method", "path", "times", "after", "probability", "target", "seen", "struck")
        return {name: getattr(self, name) for name in names}


def _target(path: str) -> str:
    """Return the default target of a fault with this path."""
    if path.strip("*"):
        for target, paths in PATHS.items():
            if any(fnmatchcase(known, path) for known in paths):
                return target
    return {CERN_PATH: "cern", BSS_PATH: "bss"}.get(path[: path.find("/", 1)], "api")


class Faults:
    """Hold the active faults.

    If several faults strike a request, all their delays apply. Of the other faults, only the first applies.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str = "*",
        times: int | None = -1,
        after: int = 0,
        probability: float = 1.0,
        seed: int = 0,
        target: str | None = None,
        seconds: float = 0.0,
        retry_after: int | str | None = None,
        done: bool = False,
        first_look_up: bool = False,
        answer: int | str = "lost",
        reads: int | None = 1,
    ) -> Fault:
        """Add a fault. It strikes later requests that match its target, method and path.

        Args:
            kind: what happens to a request. "The work" is what the request asks for.

                - `drop_before` closes the connection instead of doing the work. `lose_after` does the work and then
                  closes the connection.
                - `500_before` and `422_before` answer with this status instead of doing the work. `500_after` and
                  `422_after` do the work and then answer with this status.
                - `empty_success` answers a success without a body.
                - `delay` answers late. `drip` sends the body slowly, in small parts.
                - `429` refuses the request for now.
                - `expired_token` and `revoked_token` answer 401.
                - `lost_keys` answers 401 to every token until the fault is removed. The real service does this if it
                  cannot read the login server's keys when it starts.
                - `disaster` answers 503 to everything but the heartbeat.
                - `login_server` makes the login server behind the API fail.
                - `late_write` loses the answer of a write, and delays the work. The work is done after the next read of
                  the same integration and environment, or by `Sandbox.land_late_writes`. Reads are never struck.
            method: only requests of this method.
            path: only requests whose path matches this glob; a `*` also matches slashes. For the CSS API, the glob is
                compared with the path after the base, decoded once. For the other systems, it is compared with the
                whole path as sent.
            times: how many requests the fault strikes; `None` for all. The default is one request. For `disaster`,
                for `lost_keys` and for a `probability` below 1, the default is all.
            after: how many matching requests the fault lets pass before it strikes.
            probability: how likely the fault strikes a matching request, from 0 to 1.
            seed: the seed of the random choice if `probability` is below 1.
            target: `api`, `token` (the token endpoints of all systems), `keys` (discovery documents and keys),
                `cern` or `bss` (calls of those systems). The default depends on `path`. For `*`, it is `api`. If
                another `path` matches an endpoint for tokens or keys, the default is `token` or `keys`. If it matches
                none, but begins with `/cern/` or `/bss/`, the default is `cern` or `bss`. In all other cases, it is
                `api`.
            seconds: how long a `delay` lasts, or how long a `drip` needs for the whole body.
            retry_after: the `Retry-After` header of a `429`; by default none.
            done: whether `login_server` and `empty_success` do the work.
            first_look_up: whether `login_server` strikes the service's first look-up in the login server. If so,
                creating a role gets 422.
            answer: what the client receives for a `late_write`: `lost` (the connection is closed), `timeout`
                (no answer for `seconds`, by default an hour), or the status 502, 503 or 504 of a proxy.
            reads: after how many reads of the same integration and environment a `late_write` is done. If `None`,
                only `Sandbox.land_late_writes` does the write.

        Returns:
            The fault. Its `struck` counts the requests that it struck.

        Raises:
            SandboxError: an argument is not valid, the target has no fault of this kind, or both `first_look_up` and
                `done` are set.
        """
        target = _target(path) if target is None else target
        if target not in TARGETS:
            raise SandboxError(f"{target!r} is not a target of faults; the targets are {', '.join(sorted(TARGETS))}")
        if kind not in TARGETS[target]:
            raise SandboxError(f"{target} has no fault {kind!r}; its faults are {', '.join(sorted(TARGETS[target]))}")
        check("times", times, times is None or times >= -1, "0 or more, or None")
        check("after", after, after >= 0, "0 or more")
        check("probability", probability, 0 <= probability <= 1, "from 0 to 1")
        check("seconds", seconds, 0 <= seconds < math.inf, "finite, and 0 or more")
        check("reads", reads, reads is None or reads >= 1, "1 or more, or None")
        is_sendable = not isinstance(retry_after, str) or (retry_after.isascii() and retry_after.isprintable())
        check("retry_after", retry_after, is_sendable, "made of printable ASCII characters, as in a header")
        check("answer", answer, answer in LATE_ANSWERS, f"one of {', '.join(map(repr, LATE_ANSWERS))}")
        if first_look_up and done:
            raise SandboxError("`first_look_up` prevents the work, and `done` does the work. Set only one of them")
        if times == -1:
            times = None if kind in SPARED or probability < 1 else 1
        fault = Fault(
            kind,
            None if method is None else method.upper(),
            path,
            times,
            after,
            probability,
            target,
            seconds,
            retry_after,
            done,
            first_look_up,
            answer,
            reads,
            random=random.Random(seed),  # noqa: S311 - repeatable on purpose
        )
        self._faults.append(fault)
        return fault

    def add_document(self, document: Mapping[str, Any]) -> Fault:
        """Add the fault that a JSON object describes. The keys are the arguments of `add`."""
        types = get_type_hints(self.add)
        del types["return"]
        check_keys(document, types, "a fault")
        for name, value in document.items():
            kinds = get_args(types[name]) or (types[name],)
            is_right = type(value) in kinds or (type(value) is int and float in kinds)
            check(f"a fault's {name}", value, is_right, " or ".join(TYPES[kind] for kind in kinds))
        if "kind" not in document:
            raise SandboxError(f"a fault needs a kind; the kinds are {', '.join(sorted(KINDS))}")
        return self.add(**document)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def __iter__(self) -> Any:
        return iter(list(self._faults))

    def __len__(self) -> int:
        return len(self._faults)

    def pick(self, target: str, method: str, path: str) -> tuple[Fault | None, float]:
        """Return the fault that strikes a request (None if no fault does), and the delay of the answer in seconds."""
        struck, delay = None, 0.0
        for fault in self._faults:
            if fault.kind == "delay":
                if fault.strikes(target, method, path):
                    delay += fault.seconds
            elif struck is None and fault.strikes(target, method, path):
                struck = fault
        return struck, delay
