"""CHAIN: a proxy's word for a caller, which counts only where the proxy has signed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.tokens import REFUSALS
from conformance.forge.proxied import ways_to_spoil
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.ways import Ways


@requirement("CHAIN-04")
def test_a_proxys_word_counts_only_as_it_was_signed(ways: Ways) -> None:
    """Each differs from one that is believed in a single thing: who signed it, what, and when."""
    way, form = ways.proxied()
    ways.establish()
    believed: list[str] = []
    for what, spoilt in ways_to_spoil(form, ways.keys.b.tenant_id).items():
        answer = ways.send((way.place, spoilt(ways.word(form, ways.keys.a))))
        if answer.executed or answer.status not in REFUSALS:
            believed.append(f"{what}: {answer}")
    last = ways.send(ways.right(way, ways.keys.a), is_right=True)
    assert not believed, f"a proxy's word was believed {'; '.join(believed)}"
    establish(last.succeeded, f"a right word works still (got {last})")


@requirement("CHAIN-04")
def test_a_proxys_word_counts_once(ways: Ways) -> None:
    """The same words again, as whoever has overheard them sends them."""
    way, form = ways.proxied()
    ways.establish()
    text = ways.word(form, ways.keys.a, requests=2).text()
    first = ways.send((way.place, text), is_right=True)
    establish(first.succeeded, f"a word counts once (got {first})")
    again = ways.send((way.place, text))
    assert not again.executed, f"a proxy's word that was sent again was answered {again}"


@requirement("CHAIN-04")
def test_what_a_proxy_does_not_sign_says_nothing(ways: Ways) -> None:
    """A tenant's id, a user, or a token in the place of a signed word."""
    way, _ = ways.proxied()
    ways.establish()
    tenant = ways.keys.a
    told = {
        "a tenant's id": tenant.tenant_id,
        "a token": ways.token(tenant),
        "a token as bearer": f"Bearer {ways.token(tenant)}",
        "a table": f'{{"tenant":"{tenant.tenant_id}"}}',
        "true": "true",
    }
    believed = [
        f"{what}: {answer}"
        for what, text in told.items()
        if (answer := ways.send((way.place, text))).executed
    ]
    assert not believed, f"an unsigned word was believed: {'; '.join(believed)}"
