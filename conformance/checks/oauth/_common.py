"""What the checks of issuers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.world.issuer.minting import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.issued import IssuedDesk

MINUTE = 60
HOUR = 60 * MINUTE


def claimed(**claims: Any) -> Recipe:
    """Return the recipe of a token with other claims."""
    return Recipe(claims=claims)


def let_in(issued: IssuedDesk, cases: Mapping[str, Recipe]) -> str:
    """Return which tokens were let in, in words; empty where none was.

    A right token works before and after, so that what is different about them explains a refusal.
    """
    issued.establish()
    found = [what for what, recipe in cases.items() if issued.show(recipe).executed]
    issued.establish_right()
    return "; ".join(found)
