"""Decisions that no user has made: what another site, or another browser, can send."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from conformance.channels.oauth.browser import Browser
from conformance.checks.oauth._pages import require_question
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.channels.oauth.browser import Left, Pairs
    from conformance.channels.oauth.consenting import Decision
    from conformance.channels.oauth.granting import Grants
    from conformance.channels.oauth.pages import Page
    from conformance.channels.oauth.registering import OAuthClient

_ACROSS = (("Origin", "https://attacker.example"), ("Sec-Fetch-Site", "cross-site"))
"""What browsers say of a form that another site has them send (Fetch Metadata)."""
_ALONE = (("Sec-Fetch-Site", "none"),)
_LONG = 16
"""Characters of a value that nobody guesses."""
Forgery = tuple[str, "Callable[[], Page | Left]"]


def forgeries(grants: Grants, client: OAuthClient) -> Iterator[Forgery]:
    """Yield attempts to decide for a user, each of which must lead to no code.

    A page that asks nothing but to sign in is answered by what the user alone knows: then there is
    nothing to forge, and nothing is yielded.
    """
    asking = grants.asking(client)
    walk = grants.walk(asking)
    require_question(grants, walk, asking)
    if not walk.can_decide:
        establish(walk.pages, f"an authorization request shows a page ({walk})")
        return
    own, victim = walk.decision(), walk.browser
    of_others = _others(grants, client)
    guessed = _without_secrets(own, of_others, set(asking.told.values()))
    made_up = tuple(
        (name, _random_as(value)) for name, value in own.pairs if (name, value) not in guessed
    )
    yield "that another site sent", lambda: _across(victim, own, guessed)
    yield (
        "that another site sent with made-up secrets",
        lambda: _across(victim, own, (*guessed, *made_up)),
    )
    yield "that was a link", lambda: _linked(victim, own, guessed)
    if of_others is not None:
        yield (
            "that another site sent with another user's secrets",
            lambda: _across(victim, of_others, of_others.pairs),
        )
        yield "that another user sent", lambda: _by_another(grants, own)
    yield "that a browser sent in which nobody is signed in", lambda: _by_nobody(grants, own)


def _others(grants: Grants, client: OAuthClient) -> Decision | None:
    """Return the decision on the page of another user; None where the profile has none."""
    if len(names := grants.users()) < 2:
        return None
    walk = grants.walk(grants.asking(client), names[1])
    return walk.decision() if walk.can_decide else None


def _without_secrets(own: Decision, others: Decision | None, said: set[str]) -> Pairs:
    """Return what of a decision an attacker knows: no hidden value that he cannot have."""
    known = set(others.pairs) if others is not None else set[tuple[str, str]]()
    return tuple(
        (name, value)
        for name, value in own.pairs
        if name in own.form.open_fields
        or value in said
        or (name, value) in known
        or len(value) < _LONG
    )


def _random_as(value: str) -> str:
    """Return as many characters that nobody has given."""
    return secrets.token_urlsafe(len(value))[: len(value)]


def _across(victim: Browser, decision: Decision, pairs: Pairs) -> Page | Left:
    return victim.on_behalf_of_a_site().post(decision.form.url, pairs, _ACROSS)


def _linked(victim: Browser, decision: Decision, pairs: Pairs) -> Page | Left:
    return victim.follow(decision.form.url, pairs, _ALONE)


def _by_another(grants: Grants, decision: Decision) -> Page | Left:
    return grants.browser(grants.other_user()).send(decision.form, decision.pairs)


def _by_nobody(grants: Grants, decision: Decision) -> Page | Left:
    return Browser(grants.origins).send(decision.form, decision.pairs)
