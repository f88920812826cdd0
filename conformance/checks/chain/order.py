"""CHAIN: which of several credentials counts, and what is told where none does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.tokens import REFUSALS
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.ways import Ways
    from conformance.profile.signing import Way

_LONG = 64
"""Characters of a credential that has two parts to be known by."""


@requirement("CHAIN-01")
def test_the_first_way_that_finds_something_decides(ways: Ways) -> None:
    """Tenant A's credential by one way, B's by a later one: each alone works.

    To refuse two credentials at once is as good.
    """
    ways.establish()
    wrong: list[str] = []
    for way, other in ways.pairs():
        answer, told = ways.whose((way, ways.keys.a), (other, ways.keys.b))
        if told != "a" and answer.status not in REFUSALS:
            wrong.append(f"{way.name} before {other.name}: {answer}, told tenant {told}")
    assert not wrong, f"the later of two credentials decided: {'; '.join(wrong)}"


@requirement("CHAIN-02")
def test_a_bad_credential_is_not_made_good_by_another(ways: Ways) -> None:
    """The later way alone works, so that the earlier one is what is refused.

    Otherwise whoever spoils the strong credential has the weak one decide.
    """
    ways.establish()
    wrong: list[str] = []
    for way, other in ways.pairs():
        for bad in (ways.wrong(way, ways.keys.a), _malformed(way)):
            answer = ways.send(bad, ways.right(other, ways.keys.a))
            if answer.executed or answer.status not in REFUSALS:
                wrong.append(f"{way.name} before {other.name}: {answer}")
    assert not wrong, f"a bad credential was passed over for a later one: {'; '.join(wrong)}"


def _malformed(way: Way) -> tuple[str, str]:
    """Return the field of what is no credential in any form."""
    return way.field("no token at all")


@requirement("CHAIN-03")
def test_a_refusal_names_what_was_missed(ways: Ways) -> None:
    """The profile says the words: for nothing at all, and for each way alone."""
    target = ways.wire.target
    told = [word for way in ways.all for word in (way.missing, way.malformed, way.lacking) if word]
    if not told and target.sessions.none is None:
        raise NotAssessedError("supply the words of [[sessions.ways]] missing and malformed")
    ways.establish()
    wrong: list[str] = []
    nothing = ways.send()
    expected = [target.sessions.none, *(way.missing for way in ways.all)]
    wrong += [f"nothing: no {word}" for word in expected if word and word not in nothing.text]
    for way in ways.all:
        answer = ways.send(_malformed(way))
        if way.malformed and way.malformed not in answer.text:
            wrong.append(f"malformed {way.name}: no {way.malformed} in {answer}")
        if way.lacking:
            answer = ways.send(("Cookie", "another=1"))
            if way.lacking not in answer.text:
                wrong.append(f"another cookie: no {way.lacking} in {answer}")
    assert not wrong, f"a refusal did not name what was missed: {'; '.join(wrong)}"


@requirement("CHAIN-03")
def test_a_refusal_never_repeats_the_credential(ways: Ways) -> None:
    """What was sent stands in no answer: it would stand in the log of whoever keeps answers."""
    ways.establish()
    echoed: list[str] = []
    for way in ways.all:
        name, value = ways.wrong(way, ways.keys.a)
        answer = ways.send((name, value))
        establish(answer.status == HTTPStatus.UNAUTHORIZED, f"a wrong one is refused: {answer}")
        held = f"{answer.headers} {answer.text}"
        if any(piece in held for piece in _pieces(value)):
            echoed.append(way.name)
    assert not echoed, f"the refusal of a credential repeats it: {', '.join(echoed)}"


def _pieces(value: str) -> list[str]:
    """Return the end of a credential, and what stands before that where it is long enough.

    A piece of a few characters stands in any answer.
    """
    before = [value[-64:-32]] if len(value) >= _LONG else []
    return [value[-16:], *before]


@requirement("CHAIN-05")
def test_a_proxys_word_is_looked_at_before_a_token(ways: Ways) -> None:
    """On the endpoint: the proxy speaks for tenant B, the token is tenant A's."""
    way, _ = ways.proxied()
    ways.establish()
    others = [other for other in ways.all if other.proxy is None and other.cookie is None]
    wrong: list[str] = []
    for other in others:
        answer, told = ways.whose((way, ways.keys.b), (other, ways.keys.a))
        if told != "b":
            wrong.append(f"{way.name} beside {other.name}: {answer}, told tenant {told}")
    assert not wrong, f"a token decided where a proxy had spoken: {'; '.join(wrong)}"
