"""RLS, continued: what tools answer one tenant after another, on all their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.tool_pages import books
from conformance.checks.rls._reading import holds
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target


@requirement("RLS-08")
def test_every_page_of_an_answer_is_the_callers_own(wire: Wire, keys: Keys, target: Target) -> None:
    """Both call in turn what the profile names with its arguments, and go on to further pages.

    A later page may come of another query than the first, and an answer may be kept for whoever
    asks next with the same words.
    """
    seen = 0
    turns = ((keys.a, keys.b), (keys.b, keys.a)) * 2
    for book in books(wire, target, keys.active):
        for tenant, other in turns:
            for number, page in enumerate(book.pages(tenant.active), start=1):
                seen += holds(tenant, page.text)
                assert not holds(other, page.text), (
                    f"page {number} of what {book.tool} answers held the other's canary: {page}"
                )
    establish(seen, "a tenant finds its own canary in what a tool answers")


@requirement("RLS-08")
def test_a_place_in_an_answer_leads_to_the_callers_own(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """What leads one tenant to its next page, the other uses: it shows nothing of the first."""
    for book in books(wire, target, keys.active):
        for owner, other in ((keys.a, keys.b), (keys.b, keys.a)):
            first = book.turn_to(owner.active)
            place = book.next_of(first)
            if place is None:
                continue
            page = book.turn_to(other.active, place)
            assert not holds(owner, page.text), (
                f"another tenant's place in what {book.tool} answers showed its canary: {page}"
            )
            establish(book.turn_to(owner.active, place).succeeded, "its owner goes on from there")
