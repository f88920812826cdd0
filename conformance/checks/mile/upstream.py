"""MILE: what a caller sends beside a tool's arguments reaches no other service."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.listener import LOOPBACK, hearing
from conformance.checks.mile._common import call_with_a_word, delivered, one_of_each_kind
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.forge.requests import STATELESS, rpc
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.downstream import Downstream
    from conformance.channels.http.listener import Listener
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.delivery import DownstreamTool
    from conformance.profile.target import Target

LATE_SECONDS = 0.5
"""How long after the last answer a call may still come."""
_KEY_WORDS = ("api_key", "apiKey", "token", "access_token", "credential", "authorization")
_PLACE_WORDS = ("base_url", "baseUrl", "endpoint", "url", "host", "upstream")
_KEY_HEADERS = ("X-Upstream-Authorization", "X-Upstream-Api-Key", "X-Forwarded-Authorization")
_PLACE_HEADERS = ("X-Base-Url", "X-Upstream-Url", "X-Api-Base", "X-Endpoint")


@dataclass(frozen=True)
class Attempt:
    """A call that says a little more than it should."""

    words: str
    headers: tuple[tuple[str, str], ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    meta: tuple[tuple[str, Any], ...] = ()

    def filled_in(self, forged: str, place: str) -> Attempt:
        """Return the same with a credential and a destination in the place of their words."""
        filled = {"forged": forged, "place": place}
        return replace(
            self,
            headers=tuple((name, with_filled_in(one, filled)) for name, one in self.headers),
            arguments=tuple((name, with_filled_in(one, filled)) for name, one in self.arguments),
            meta=tuple((name, with_filled_in(one, filled)) for name, one in self.meta),
        )


def attempts_at(name: str, destinations: Iterable[str]) -> Iterator[Attempt]:
    """Yield attempts at a credential of that name, and at where it goes.

    ``{forged}`` and ``{place}`` stand for both; ``destinations`` are variables that say the latter.
    """
    forged, place, bearer = "{forged}", "{place}", "Bearer {forged}"
    dashed = name.replace("_", "-").title()
    keys = (*_KEY_WORDS, name, name.upper(), name.lower())
    headers = [(one, bearer) for one in _KEY_HEADERS]
    headers += [(one, forged) for one in (dashed, f"X-{dashed}")]
    yield Attempt("headers that name a credential", headers=tuple(headers))
    yield Attempt(
        "headers that name a destination", headers=tuple((one, place) for one in _PLACE_HEADERS)
    )
    told: dict[str, Any] = dict.fromkeys(keys, forged)
    places: dict[str, Any] = dict.fromkeys(_PLACE_WORDS, place)
    nested = {"env": told, "credentials": told, "headers": {"Authorization": bearer}, **told}
    yield Attempt("metadata that names a credential", meta=tuple(nested.items()))
    nested = {"env": {**places, **dict.fromkeys(destinations, place)}, **places}
    yield Attempt("metadata that names a destination", meta=tuple(nested.items()))
    for one in dict.fromkeys(keys):
        yield Attempt(f"an argument {one}", arguments=((one, forged),))
    for one in _PLACE_WORDS:
        yield Attempt(f"an argument {one}", arguments=((one, place),))
    yield Attempt("an argument env", arguments=(("env", {**told, **places}),))
    yield Attempt("an argument headers", arguments=(("headers", {"Authorization": bearer}),))


@dataclass
class Tried:
    """An attempt that was made: what it named, and the word by which its call is found."""

    attempt: Attempt
    forged: str
    place: str
    word: str
    answer: Answer


@requirement("MILE-08", also_needs=(Channel.LISTENER,))
def test_a_caller_supplies_neither_credential_nor_destination(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """One call without more arrives with the tenant's credential; then only what is added differs.

    A call may be refused. One that arrives shows the tenant's own credential, and the listener that
    was named as a destination hears nothing.
    """
    tool = target.tools.downstream[0]
    own = delivered(keys.a).get(tool.credential, "")
    word, answer = call_with_a_word(wire, tool.name, tool.arguments, keys.a)
    is_shown = any(call.shows(own) for call in downstream.arrived(word))
    establish(own and is_shown, f"{tool.name} shows the tenant's credential (got {answer})")
    address = target.channels.listener.address if target.channels.listener else LOOPBACK
    with hearing(address) as listener:
        listener.require_hearing()
        tried = list(_tried(wire, keys, tool, listener))
        places = [one.place.rpartition("/")[2] for one in tried]
        wait_for(lambda: any(map(listener.heard, places)), LATE_SECONDS)
        for one in tried:
            heard = listener.heard(one.place.rpartition("/")[2])
            words = one.attempt.words
            assert heard is None, f"{words} had the target call there: {heard and heard.line}"
            calls = downstream.calls(one.word)
            forged = any(call.shows(one.forged) for call in calls)
            assert not forged, f"{words} reached the service, with the caller's own value"
            is_own = not calls or any(call.shows(own) for call in calls)
            assert is_own, f"with {words} the service was not shown the tenant's credential"


def _tried(wire: Wire, keys: Keys, tool: DownstreamTool, listener: Listener) -> Iterator[Tried]:
    """Make every attempt, each with values of its own."""
    session = None
    if wire.revision != STATELESS:
        answer, session = wire.open_session(keys.active)
        establish(answer.succeeded, f"a session is opened (got {answer})")
    for one in attempts_at(tool.credential, wire.target.delivery.destinations):
        forged = f"forged-{secrets.token_hex(16)}"
        url = f"http://{listener.address}:{listener.port}/{listener.word()}"
        attempt = one.filled_in(forged, url)
        word = own_word()
        arguments = {**with_filled_in(tool.arguments, {"unique": word}), **dict(attempt.arguments)}
        params: dict[str, Any] = {"name": tool.name, "arguments": arguments}
        if attempt.meta:
            params["_meta"] = dict(attempt.meta)
        number = wire.message_id(keys.active)
        request = rpc(
            "tools/call", params, revision=wire.revision, session=session, message_id=number
        )
        for name, value in attempt.headers:
            request = request.with_header(name, value)
        answer = wire.send(request, key=keys.active)
        establish(answer.status, f"a call with {attempt.words} is answered (got {answer})")
        yield Tried(attempt, forged, url, word, answer)


@requirement("MILE-09")
def test_no_service_is_shown_the_callers_own_credential(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """The call arrives, so that what it holds could have held the caller's key."""
    for tool in one_of_each_kind(target):
        word, answer = call_with_a_word(wire, tool.name, tool.arguments, keys.a)
        arrived = downstream.arrived(word)
        establish(arrived, f"{tool.name} calls the judge's API (got {answer})")
        passed = any(call.shows(keys.active) for call in arrived)
        assert not passed, f"{tool.name} passes on the key by which its caller was let in"


@requirement("MILE-09", also_needs=(Channel.SESSION_TOKEN,))
def test_no_service_is_shown_the_callers_session_token(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """A bearer token is what gateways forward."""
    if keys.a.token == keys.active:
        raise NotAssessedError(
            "the key is a token already, which another check presents", Channel.SESSION_TOKEN
        )
    tool = target.tools.downstream[0]
    word = own_word()
    arguments = with_filled_in(tool.arguments, {"unique": word})
    answer = wire.call_tool(tool.name, arguments, key=keys.a.token)
    arrived = downstream.arrived(word)
    establish(arrived, f"{tool.name} calls the judge's API (got {answer})")
    passed = any(call.shows(keys.a.token) for call in arrived)
    assert not passed, f"{tool.name} passes on the session token of its caller"
