"""The judge's issuer, from the judge's side: what it signs, how it answers, what was asked."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx

from conformance.profile.issuing import ISSUER_COMMAND
from conformance.verdicts import NotEstablishedError
from conformance.world.issuer.minting import Mode, Recipe, Signer
from conformance.world.issuer.server import CONTROL

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from conformance.profile.issuing import IssuedTokens, IssuerChannel

_SECONDS = 10.0
AS_IT_IS = Recipe()


class JudgesIssuer:
    """Has the issuer do what an issuer does, and what none should.

    NotEstablishedError where nobody answers, or knows no such control word.
    """

    def __init__(self, channel: IssuerChannel) -> None:
        self.channel = channel
        parts = urlsplit(channel.url)
        self._root = f"{parts.scheme}://{parts.netloc}{CONTROL}"

    def access_token(self, wanted: IssuedTokens, user: str, recipe: Recipe = AS_IT_IS) -> str:
        """Return an access token of a user's, as the target takes it, but for the recipe."""
        told = {
            "user": user,
            "scope": wanted.scope,
            "token": recipe.document(),
            **({"client": wanted.client} if wanted.client else {}),
            **({"audience": wanted.audience} if wanted.audience else {}),
        }
        return str(self._ask("mint", told)["token"])

    def log_in(
        self,
        url: str,
        user: str,
        claims: Mapping[str, Any] | None = None,
        token: Recipe = AS_IT_IS,
        answer: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the URL to which somebody is sent who has logged in at an authorization URL.

        ``claims`` are the user's, where they are other ones; ``token`` is what is different about
        the ID token, and ``answer`` about the authorization response.
        """
        told = {"url": url, "user": user, "claims": claims or {}, "token": token.document()}
        return str(self._ask("login", {**told, "answer": answer or {}})["location"])

    def add_key(self, algorithm: str) -> Recipe:
        """Have the issuer publish a new key; return the recipe of tokens that it signs by it."""
        self._ask("add", {"algorithm": algorithm})
        return Recipe(algorithm=algorithm, signer=Signer.ADDED)

    def rotate(self, algorithm: str, *, keeps: bool) -> None:
        """Have the issuer sign by a new key; the former stays in its set, or does not."""
        self._ask("rotate", {"algorithm": algorithm, "keeps": keeps})

    @contextmanager
    def answering(self, mode: Mode) -> Generator[None]:
        """Have its documents answered in a mode until the block ends."""
        self.answer(mode)
        try:
            yield
        finally:
            self.answer(Mode.RIGHT)

    def answer(self, mode: Mode) -> None:
        """Have its documents answered in a mode from now on."""
        self._ask("mode", {"mode": mode.value})

    @property
    def key_fetches(self) -> int:
        """How often its key set was asked for."""
        return self._fetched.get(f"{urlsplit(self.channel.url).path}/jwks", 0)

    @property
    def fetches(self) -> int:
        """How often any document of it was asked for."""
        return sum(self._fetched.values())

    @property
    def _fetched(self) -> dict[str, int]:
        return cast("dict[str, int]", self._ask("counts", {})["fetched"])

    def _ask(self, verb: str, told: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
                answer = client.post(
                    self._root + verb,
                    json=told,
                    headers={"Authorization": f"Bearer {self.channel.control}"},
                )
                answer.raise_for_status()
                return json.loads(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise NotEstablishedError(
                "could not establish that the issuer of [world.issuer] answers at "
                f"{self._root}: {error or type(error).__name__}; start it by {ISSUER_COMMAND}"
            ) from error
