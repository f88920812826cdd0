"""Presents access tokens of the judge's issuer to the target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.channels.http.issuing import AS_IT_IS
from conformance.forge.requests import opening
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.issuing import JudgesIssuer
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.text.redaction import Redactor
    from conformance.world.issuer.minting import Recipe


LIFE_SECONDS = 3600


def timely(now: float) -> dict[str, int]:
    """Return the claims of a token that holds for an hour from now on."""
    since = int(now) - 1
    return {"iat": since, "nbf": since, "exp": since + LIFE_SECONDS}


class IssuedDesk:
    """Shows tokens at the target's door: right ones, and others that differ as a recipe tells."""

    def __init__(
        self, wire: Wire, issuer: JudgesIssuer, redactor: Redactor, passage: Passage
    ) -> None:
        wanted = supplied(supplied(wire.target.world.issuer).access)
        self.wanted = wanted.model_copy(update={"audience": wanted.audience or wire.target.url})
        self.wire = wire.derived(way=wanted.way)
        self.issuer, self._redactor, self._passage = issuer, redactor, passage

    @property
    def audience(self) -> str:
        """What the target is called in tokens."""
        return self.wanted.audience or ""

    def right(self, user: str | None = None, recipe: Recipe = AS_IT_IS) -> str:
        """Return a right token of a user's, by whichever of the issuer's keys the recipe names."""
        token = self._minted(user or self.wanted.a, recipe)
        learn(self._redactor, token, "an access token of the issuer")
        tenants = self.wire.target.tenants
        theirs = tenants and (tenants.b if user == self.wanted.b else tenants.a)
        self.wire.trust(token, payer=theirs.key if theirs else None)
        return token

    def show_right(self, user: str | None = None, recipe: Recipe = AS_IT_IS) -> Answer:
        """Knock with a right token."""
        return self.wire.knock(self.right(user, recipe))

    def show(self, recipe: Recipe, seconds: float | None = None) -> Answer:
        """Knock with a token that is not right; with ``seconds``, no answer is one, too."""
        token = self._minted(self.wanted.a, recipe)
        field = self.wanted.way.field(token)
        wire = self.wire if seconds is None else self.wire.derived(seconds=seconds)
        return wire.send(opening(wire.revision).with_header(*field))

    def _minted(self, user: str, recipe: Recipe) -> str:
        """Return a token as of the target's time."""
        claims = {**timely(self._passage.now()), **recipe.claims}
        return self.issuer.access_token(self.wanted, user, replace(recipe, claims=claims))

    def establish(self) -> None:
        """Show that the door is closed, and that a right token opens it."""
        plain = self.wire.knock()
        establish(not plain.executed, f"a request without a token is refused (got {plain})")
        self.establish_right()

    def establish_right(self) -> None:
        """Show that a right token opens the door (still)."""
        answer = self.show_right()
        establish(answer.succeeded, f"a right token of the issuer works (got {answer})")
