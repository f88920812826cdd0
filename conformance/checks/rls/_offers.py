"""What of a tenant's an answer to the other gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.own_words import words_in
from conformance.channels.http.offers import content_of
from conformance.text.disguised import shows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.offers import Offers
    from conformance.forge.keys import TenantKeys


def gives_away(answer: Answer, own: Answer, owner: TenantKeys, *, known: Iterable[str]) -> str:
    """Say what of the owner's an answer to the other shows; empty where it shows nothing.

    ``own`` is what the owner is answered. What the other ``known`` already has is not given away:
    a refusal may repeat what was asked for.
    """
    known = list(known)
    canary = owner.tenant.canary
    if canary and shows(canary, answer.text) and not any(canary in one for one in known):
        return "the owner's canary"
    content = content_of(answer)
    if not answer.succeeded:
        return ""
    if content and content == content_of(own):
        return "what the owner reads"
    told = words_in(content) & words_in(content_of(own))
    told -= {word for text in known for word in words_in(text)}
    return f"words of what the owner reads: {', '.join(sorted(told)[:3])}" if told else ""


def is_looked_up(own: Answer, value: str, none: Answer, unknown: str) -> bool:
    """Tell whether a value names something: what is said of any text alike is nobody's data."""
    if not none.succeeded:
        return True
    return content_of(own).replace(value, "") != content_of(none).replace(unknown, "")


def tails(uris: list[str]) -> list[str]:
    """Return the last part of each URI, which often names the object elsewhere as well."""
    return [uri.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for uri in uris]


def read(offers: Offers, uri: str, tenant: TenantKeys) -> Answer:
    """Read a resource as a tenant: the tenant comes last, as who asks by turns wants it."""
    return offers.read(tenant, uri)


def render(offers: Offers, name: str, tenant: TenantKeys) -> Answer:
    """Get a prompt that takes nothing, as a tenant."""
    return offers.render(tenant, name, {})


def is_the_owners(
    ask: Callable[[TenantKeys], Answer], owner: TenantKeys, other: TenantKeys
) -> bool:
    """Tell whether something is of use to the owner, and of none to the other."""
    return [ask(tenant).succeeded for tenant in (other, owner, other)] == [False, True, False]
