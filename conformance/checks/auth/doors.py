"""AUTH, continued: other routes to the tools, and to what is known of tenants."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from conformance.channels.http.disclosure import lists_tools, opened, secrets_of, shown
from conformance.forge.doors import calls, pages, streams
from conformance.forge.requests import SESSION_REVISIONS, Request
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target

_PUBLISHED = "/.well-known/"
"""Where a server tells everybody of itself, its tools among the rest."""
_RESULT = "a result or a session"
_SECONDS = 2.0
"""How long a stream may take to say where its messages go."""
_HTML = (("Accept", "application/json, text/html, */*"),)
_EVENTS = (("Accept", "text/event-stream"),)


def _given(route: str, answer: Answer, known: Mapping[str, str]) -> list[str]:
    """Return what an answer gives to a stranger."""
    given = [_RESULT] if opened(answer) else []
    if not route.startswith(_PUBLISHED) and lists_tools(answer):
        given.append("the tools")
    return given + shown(answer, known)


def _handed_out(answers: Mapping[str, Answer], known: Mapping[str, str], *, is_open: bool) -> str:
    """Tell which routes gave what to a stranger; not what he gets where the endpoint is open."""
    found = {
        route: [what for what in _given(route, answer, known) if what != _RESULT or not is_open]
        for route, answer in answers.items()
    }
    return "; ".join(
        f"{route}: {', '.join(given)} ({answers[route]})" for route, given in found.items() if given
    )


def _not_everywhere(line: Wire, known: Mapping[str, str]) -> dict[str, str]:
    """Return what is known but for what any page says, such as a company's name that is an id."""
    nowhere = line.send(Request("GET", f"/{secrets.token_hex(8)}", _HTML))
    common = {what for what in shown(nowhere, known) if " id " in what}
    return {what: value for what, value in known.items() if what not in common}


def _live_session(wire: Wire, discovery: Discovery, target: Target) -> dict[str, str]:
    """Return the id of a session that tenant A has open; nothing where there are no sessions."""
    revision = next((one for one in discovery.revisions if one in SESSION_REVISIONS), None)
    if revision is None or target.tenants is None:
        return {}
    _, session = wire.derived(revision=revision).open_session(target.tenants.a.key)
    return {"the id of a session": session} if session else {}


def _conclude(plain: Answer, good_case: GoodCase) -> None:
    """Refuse a green verdict where there is no door that another route could go round."""
    establish(not opened(plain), f"the endpoint itself is closed to strangers (got {plain})")
    good_case.conclude()


@requirement("AUTH-19")
def test_no_other_route_takes_a_call(wire: Wire, target: Target, good_case: GoodCase) -> None:
    """An older transport and a twin of the endpoint lead to the same tools, so to the same door."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    known = _not_everywhere(line, secrets_of(target))
    probe = line.strongest_probe()
    plain = line.send(probe)
    answers = {route: line.send(probe.but(path=route)) for route in calls(wire.path)}
    found = _handed_out(answers, known, is_open=opened(plain))
    assert not found, f"without a key these routes took a call: {found}"
    _conclude(plain, good_case)


@requirement("AUTH-19")
def test_no_other_route_opens_a_stream(wire: Wire, target: Target, good_case: GoodCase) -> None:
    """The older transport opens a session by a GET, whose first event is where to send calls."""
    good_case.establish()
    line = wire.derived(seconds=_SECONDS)
    known = _not_everywhere(line, secrets_of(target))
    plain = line.send(line.strongest_probe())
    answers = {route: line.send(Request("GET", route, _EVENTS)) for route in streams(wire.path)}
    found = _handed_out(answers, known, is_open=opened(plain))
    assert not found, f"without a key these routes opened a stream: {found}"
    _conclude(plain, good_case)


@requirement("AUTH-19")
def test_no_page_tells_a_stranger_of_tools_sessions_tenants_or_keys(
    wire: Wire, target: Target, discovery: Discovery, good_case: GoodCase
) -> None:
    """A page may be for everybody; what it may not hold, the profile and this run know."""
    good_case.establish()
    session = _live_session(wire, discovery, target)
    line = wire.derived(may_be_silent=True)
    known = _not_everywhere(line, {**secrets_of(target), **session})
    plain = line.send(line.strongest_probe())
    answers = {route: line.send(Request("GET", route, _HTML)) for route in pages(wire.path)}
    found = _handed_out(answers, known, is_open=opened(plain))
    assert not found, f"without a key these pages gave: {found}"
    _conclude(plain, good_case)
