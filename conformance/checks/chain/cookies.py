"""CHAIN: cookies, which browsers add to whatever is asked, whoever has them ask it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.analysis.cookies import faults_of
from conformance.channels.http.tokens import REFUSALS
from conformance.forge.described import described
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.ways import Ways

_FOREIGN = {
    "a foreign origin": (("Origin", "https://attacker.example"),),
    "an origin that is null": (("Origin", "null"),),
    "a foreign page, as browsers tell": (
        ("Origin", "https://attacker.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "no-cors"),
    ),
    "another page of the same site": (
        ("Origin", "https://other.example"),
        ("Sec-Fetch-Site", "same-site"),
    ),
}


@requirement("CHAIN-06", also_needs=(Channel.SESSION_START,))
def test_the_cookie_of_a_session_is_kept_from_others(ways: Ways) -> None:
    """As it is set where a session begins (RFC 6265bis section 4.1)."""
    way = ways.cookie()
    request = described(supplied(ways.wire.target.sessions.start), {})
    answer = ways.wire.send(request, key=ways.keys.active)
    cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    own = [one for one in cookies if one.partition("=")[0].strip() == way.cookie]
    establish(own, f"the answer that begins a session sets the cookie (got {answer})")
    for cookie in own:
        lacking = faults_of(cookie, way.cookie or "")
        assert not lacking, f"the cookie {way.cookie} is set {', '.join(lacking)}"


@requirement("CHAIN-06")
def test_another_site_changes_nothing_by_a_cookie(ways: Ways) -> None:
    """The cookie alone, from no page at all, works: so the page alone explains a refusal."""
    way = ways.cookie()
    ways.establish()
    cookie = ways.right(way, ways.keys.a)
    wrong = [
        f"{what}: {answer}"
        for what, fields in _FOREIGN.items()
        if (answer := ways.send(cookie, *fields)).executed or answer.status not in REFUSALS
    ]
    assert not wrong, f"another site's page acted by the visitor's cookie: {'; '.join(wrong)}"


@requirement("CHAIN-06", also_needs=(Channel.SESSION_START, Channel.SESSION_END))
def test_another_site_ends_no_session(ways: Ways) -> None:
    """A session of its own, which goes on after another site's page has asked for its end."""
    way = ways.cookie()
    token = ways.sessions.begin(ways.keys.active)
    cookie = way.field(token)
    establish(ways.send(cookie, is_right=True).succeeded, "the cookie of a session works")
    for fields in _FOREIGN.values():
        ways.end(cookie, *fields)
    answer = ways.send(cookie, is_right=True)
    assert answer.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}, (
        f"after another site's page had asked to end a session, its cookie got {answer}"
    )
    establish(answer.succeeded, f"the session goes on (got {answer})")
