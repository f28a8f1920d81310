"""Try to make secrets and tokens leak in every way, and print each place where one was found.

usage: python -m tests.leak_probe {httpx|httpx2}

With `httpx2`, `import httpx` gives httpx2, as `httpx2.alias_httpx()` promises. The output is one JSON object. `leaks`
is a list of sentences that has to be empty. `seen` counts the attempts, so that a missing attempt is noticed.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.argv[1] == "httpx2":
    import httpx2

    httpx2.alias_httpx()

import asyncio
import base64
import io
import json
import logging
import os
import pickle
import signal
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import httpx

from css_sdk import AsyncCss, Css
from tests.leak_callers import (
    PASSWORD,
    SECRET,
    SOON,
    TOKEN,
    WORLDS,
    Host,
    bss,
    give_nothing,
    give_token,
    served,
    settings_for,
    thread_calls,
)

EMAIL: Final = "front.counter@example.com"
BASIC: Final = base64.b64encode(b"service-account-team-2016-9001:s3cret-5a1f%2B%2F%25%27%22x").decode().rstrip("=")
HIDDEN: Final = {
    "the secret": SECRET,
    "the secret as in a form": "s3cret-5a1f%2B%2F%25%27%22x",
    "the start of the secret": "s3cret-5a1f",
    "the password": PASSWORD,
    "the Basic header": BASIC,
    "the token": TOKEN,
}

seen: Counter[str] = Counter()
leaks: list[str] = []


def search(where: str, text: str) -> None:
    """Record each hidden value that a text contains."""
    leaks.extend(f"{what} is in {where}" for what, hidden in HIDDEN.items() if hidden in text)


def check_error(where: str, error: BaseException, *, with_frames: bool = True) -> None:
    """Search the texts of an error and its causes, its pickle, and the local variables of its frames
    below this file.
    """
    seen[f"{where} ended with {type(error).__name__}"] += 1
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    described = traceback.TracebackException(type(error), error, trace, capture_locals=with_frames)
    search(f"the traceback of {where}", "".join(described.format()))
    search(f"the facts of {where}", f"{error!r} {vars(error)}")
    try:
        search(f"the pickle of {where}", pickle.dumps(error).decode("latin-1"))
    except Exception as refusal:
        search(f"the refusal to pickle {where}", str(refusal))


def tried(where: str, call: Callable[[], object], *, with_frames: bool = True) -> None:
    """Make a call that may fail, and search the error if it does."""
    try:
        call()
    except (Exception, KeyboardInterrupt, asyncio.CancelledError) as error:
        check_error(where, error, with_frames=with_frames)
    else:
        seen[f"{where} succeeded"] += 1


# Attempts


def redirects() -> None:
    """Check that nothing follows when a token endpoint or an API redirects to another host."""
    with served(give_nothing) as evil, served(give_nothing) as api, served(give_token) as login:
        for status in (302, 307):

            def move(host: Host, status: int = status) -> None:
                host.send(status, Location=f"{evil.address}/token")

            for world, calls in WORLDS.items():
                login.answer = move
                for call in calls(login, api, {"follow_redirects": True}):
                    tried(f"a redirect in a {world}", call)
                leaks.extend(f"{line} followed {status}" for line in evil.came)
                login.answer, api.answer = give_token, move
                for call in calls(login, api, {"follow_redirects": True}):
                    tried(f"a redirect of the API in a {world}", call)
                api.answer = give_nothing
                search("what the other host got", "\n".join(evil.came))
                evil.came.clear()


def hooks() -> None:
    """Check an event hook that sends every request to another host."""
    with served(give_token) as evil, served(give_nothing) as api, served(give_token) as login:
        for world, calls in WORLDS.items():
            for method in ("POST", "GET"):

                def elsewhere(request: httpx.Request, method: str = method) -> None:
                    if request.method == method:
                        request.url = httpx.URL(evil.address + "/token")

                async def async_elsewhere(request: httpx.Request, method: str = method) -> None:
                    elsewhere(request, method)

                hook = elsewhere if world == "thread" else async_elsewhere
                for call in calls(login, api, {"event_hooks": {"request": [hook]}}):
                    tried(f"a hook in a {world}", call)
        search("what the other host got", "\n".join(evil.came))
        leaks.extend(f"{line} was sent elsewhere by a hook" for line in evil.came)


def proxies() -> None:
    """Check that token requests use the proxy of the caller's client, and only for the configured address."""
    with served(give_nothing) as api, served(give_token) as login, served(give_token) as proxy:
        for calls in WORLDS.values():
            for call in calls(login, api, {"proxy": proxy.address}):
                proxy.came.clear()
                login.came.clear()
                tried("a proxy", call)
                if proxy.came:
                    seen["went through the proxy"] += proxy.came[0].startswith(f"POST {login.address}/token ")


def malformed() -> None:
    """Check a login server that repeats the secrets it received in malformed answers."""
    echoes = (SECRET, BASIC, json.dumps(SECRET), repr(SECRET), "s3cret-5a1f%2B%2F%25%27%22x", PASSWORD)
    heads = ("HTTP/1.1 200 OK\r\nX bad {0}: {0}\r\n\r\n", "HTTP/{0}\r\n\r\n", "{0} {0}\r\n\r\n")
    with served(give_nothing) as api, served(give_token) as login:
        for echo, head in zip(echoes, (*heads, *heads), strict=False):

            def spoil(host: Host, head: str = head, echo: str = echo) -> None:
                host.wfile.write(head.format(echo).encode())
                host.close_connection = True

            login.answer = spoil
            for world, calls in WORLDS.items():
                for call in calls(login, api, {}):
                    tried(f"a malformed answer in a {world}", call)


def timeouts() -> None:
    """Check a login server, and an API, that never answer."""
    silence = threading.Event()
    with served(give_nothing) as api, served(give_token) as login:
        try:
            for silent in (login, api):
                good, silent.answer = silent.answer, lambda _: silence.wait(SOON)
                for world, calls in WORLDS.items():
                    for number, call in enumerate(calls(login, api, {"timeout": 0.1})):
                        if number != 1:  # a transport by itself has no timeout
                            is_own_client = number in (
                                2,
                                3,
                                4,
                            )  # the caller's own client: its frames are not of css-sdk
                            tried(f"a timeout in a {world}", call, with_frames=silent is login or not is_own_client)
                silent.answer = good
        finally:
            silence.set()


def interrupts() -> None:
    """Check Control-C and the cancellation of a task while an answer is awaited."""
    silence = threading.Event()
    main = threading.main_thread().ident
    assert main is not None
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    def stop(_: Host) -> None:
        if loops:
            loop, task = loops.pop()
            loop.call_soon_threadsafe(task.cancel)
        else:
            signal.pthread_kill(main, signal.SIGINT)
        silence.wait(SOON)

    async def cancelled(work: Callable[[], Any]) -> None:
        task = asyncio.ensure_future(work())
        loops.append((asyncio.get_running_loop(), task))
        await task

    with served(give_nothing) as api, served(give_token) as login:

        async def ask() -> None:
            async with AsyncCss(settings_for(login, api)) as client:
                await client.integrations()

        async def ask_system() -> None:
            async with bss(login, api).async_client() as http:
                await http.get("")

        try:
            for silent in (login, api):
                good, silent.answer = silent.answer, stop
                for number, call in enumerate(thread_calls(login, api, {}) if hasattr(signal, "pthread_kill") else ()):
                    is_own_client = number in (2, 3, 4)
                    if silent is login or (not is_own_client and number != 6):  # call 6 only requests a token
                        tried("an interrupt", call)
                for work in (ask, ask_system):
                    tried("a cancellation", lambda work=work: asyncio.run(cancelled(work)))  # type: ignore[misc]
                silent.answer = good
        finally:
            silence.set()


def log_lines(stream: io.StringIO) -> None:
    """Check that a search for an e-mail address leaves no address in the log at level DEBUG."""
    with served(give_nothing) as api, served(give_token) as login:

        def search_people(**given: Any) -> None:
            with Css(settings_for(login, api), retry=lambda *_: None, **given) as css:
                css.find_people(email=EMAIL, environments="dev", providers="idir")

        async def async_search_people() -> None:
            async with AsyncCss(settings_for(login, api), retry=lambda *_: None) as css:
                await css.find_people(email=EMAIL, environments="dev", providers="idir")

        search_people()
        with httpx.Client() as http:
            search_people(http_client=http)
        asyncio.run(async_search_people())
        with bss(login, api).client() as http:
            http.get("people", params={"email": EMAIL})
        seen["searched for an e-mail address"] = sum("email=front.counter" in line for line in api.came)
        if "front.counter" in stream.getvalue():
            leaks.append("the e-mail address is in the log")
        with httpx.Client() as http:
            http.get(f"{api.address}/mine")
        seen["log lines of the caller's own requests"] = stream.getvalue().count("/mine")


def held() -> None:
    """Check the repr, the attributes and the pickle of objects that hold secrets."""
    with served(give_nothing) as api, served(give_token) as login:
        system = bss(login, api)
        token = system.token()
        settings = settings_for(login, api)
        with Css(settings) as css:
            css.integrations()
            for thing in (settings, settings.client_secret, token, token.secret, system, system.auth, css):
                search(f"the repr of {type(thing).__name__}", f"{thing!r} {thing} {getattr(thing, '__dict__', '')}")
                try:
                    pickled = pickle.dumps(thing)
                except Exception as refusal:
                    search("a refusal", str(refusal))
                    seen["refused to be pickled"] += 1
                else:
                    search(f"the pickle of {type(thing).__name__}", pickled.decode("latin-1"))


def main() -> None:
    """Make all attempts and print what was found."""
    os.environ.pop("HTTP_PROXY", None)
    stream = io.StringIO()
    logging.basicConfig(stream=stream, level=logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    redirects()
    hooks()
    proxies()
    timeouts()
    interrupts()
    held()
    search("the log", stream.getvalue())
    log_lines(stream)
    malformed()  # last, since at DEBUG httpx logs malformed answers, too
    found = {"library": httpx.__name__, "leaks": sorted(set(leaks)), "seen": dict(sorted(seen.items()))}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
