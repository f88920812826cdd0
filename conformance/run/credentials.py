"""Gets the credentials that a profile says how to get, and gets them anew before they end.

All processes of a run share what was got, in a file of its owner's alone: a refresh token that is
exchanged twice ends all that came of it.
"""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.oauth.elsewhere import Elsewhere
from conformance.channels.oauth.kept import Client, TokenError
from conformance.channels.oauth.metadata import Metadata
from conformance.channels.oauth.tokens import (
    Got,
    TokenDesk,
    by_client_credentials,
    by_refresh_token,
    seconds_in,
)
from conformance.channels.programs.printing import printed_by
from conformance.forge.jwt.shape import Token
from conformance.manners.turn import let_go, taken
from conformance.profile.credentials import Words
from conformance.profile.sections import Section
from conformance.text.tokens import is_token
from conformance.verdicts import NotAssessedError, NotEstablishedError
from conformance.waiting import OverdueError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from conformance.manners.budget import Budget
    from conformance.profile.credentials import OAuthGrant, Recipe
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor

AHEAD = 300.0
"""Seconds before its end at which a credential is got anew, so that it outlasts a check."""
SHARE = 0.5
"""The part of its life that must be left of one which lives for less than twice that."""
WAIT_SECONDS = 120.0
"""How long one process waits for another that is getting credentials."""
_LONGEST = 1 << 16


class CredentialError(Exception):
    """A credential could not be got; the message names the entry of the profile, and why."""


@dataclass(frozen=True)
class Credentials:
    """The credentials of a run that are got. ``store`` is the file that its processes share."""

    store: Path
    redactor: Redactor

    def fill(self, target: Target, budget: Budget) -> Target:
        """Return the target with credentials that are good for a while. Raises CredentialError."""
        if not target.recipes:
            return target
        with self._held() as kept:
            for entry, recipe in target.recipes.items():
                if is_due(kept.get(entry), time.time()):
                    got = self._got(entry, recipe, target, budget)
                    kept[entry] = _noted(got, time.time())
                self.redactor.learn(kept[entry]["value"], entry)
            values = {entry: kept[entry]["value"] for entry in target.recipes}
        return with_values(target, values)

    @contextmanager
    def _held(self) -> Generator[dict[str, Any]]:
        """Yield what was got so far, which no other process changes meanwhile, and keep it."""
        with self.store.with_suffix(".lock").open("a") as turn:
            try:
                taken(turn, alone=True, seconds=WAIT_SECONDS)
            except OverdueError as error:
                raise CredentialError(f"another process is getting credentials: {error}") from None
            try:
                self.store.touch(mode=0o600)
                kept: dict[str, Any] = json.loads(self.store.read_text("utf-8") or "{}")
                yield kept
                self.store.write_text(json.dumps(kept), "utf-8")
            finally:
                let_go(turn)

    def _got(self, entry: str, recipe: Recipe, target: Target, budget: Budget) -> Got:
        try:
            if isinstance(recipe, Words):
                return printed(recipe, entry)
            with desk_of(target, budget, self.redactor) as desk:
                return self._granted(recipe, desk, target)
        except (TokenError, NotEstablishedError, NotAssessedError) as error:
            raise CredentialError(f"{entry}: {self.redactor(str(error))}") from None

    def _granted(self, grant: OAuthGrant, desk: TokenDesk, target: Target) -> Got:
        scope = " ".join(grant.scope or ()) or None
        client = client_of(grant, target)
        if grant.refresh_token is not None:
            got = by_refresh_token(desk, grant.refresh_token.file, client, scope)
            self.redactor.learn(got.refresh_token or "", "a refresh token")
            return got
        if client is None:
            raise TokenError("has no client_id; write it, or [authorization.client]")
        return by_client_credentials(desk, client, scope)


@contextmanager
def desk_of(target: Target, budget: Budget, redactor: Redactor) -> Generator[TokenDesk]:
    """Yield the token endpoint of the target's authorization server."""
    line = Wire(target, "", budget, Transcript(redactor), may_be_silent=True)
    with closing(line) as wire, closing(Elsewhere(wire)) as elsewhere:
        yield TokenDesk(Metadata(wire, elsewhere))


def client_of(grant: OAuthGrant, target: Target) -> Client | None:
    """Return the client of a grant, or else that of the profile; None where neither is named."""
    if grant.client_id is not None:
        return Client(grant.client_id, grant.client_secret)
    known = target.authorization.client
    return Client(known.id, known.secret) if known else None


def _noted(got: Got, now: float) -> dict[str, Any]:
    """Return what is kept of a credential; a signed token tells itself when it ends."""
    life = got.seconds
    if life is None and is_token(got.value):
        end = Token(got.value).claims.get("exp")
        life = end - now if isinstance(end, (int, float)) else None
    if life is None:
        return {"value": got.value}
    return {"value": got.value, "due": now + life - min(AHEAD, SHARE * life)}


def is_due(kept: dict[str, Any] | None, now: float) -> bool:
    """Tell whether a credential is to be got now; one that nobody knows the end of is got once."""
    return kept is None or kept.get("due", now + 1) <= now


def printed(words: Words, entry: str) -> Got:
    """Return what a command prints: a token, or JSON with access_token and expires_in."""
    said = printed_by(words.command, entry, with_errors=False)
    text = said[:_LONGEST].decode("utf-8", "replace").strip()
    try:
        told: Any = json.loads(text)
    except ValueError:
        told = None
    entries = cast("dict[str, Any]", told) if isinstance(told, dict) else {"access_token": text}
    value, life = entries.get("access_token"), seconds_in(entries)
    if not isinstance(value, str) or not value or not all("!" <= one <= "~" for one in value):
        raise TokenError(
            "the command printed neither a token on one line nor JSON with access_token"
        )
    return Got(value, life)


def with_values(target: Target, values: dict[str, str]) -> Target:
    """Return the target with other values at some entries."""
    for entry, value in values.items():
        target = cast("Target", _with_value(target, entry, value))
    return target


def _with_value(node: Any, path: str, value: str) -> Any:
    """Return a section, or a table of some, with another value at a path within it."""
    if isinstance(node, Section):
        name, _, rest = path.partition(".")
        inner = _with_value(getattr(node, name), rest, value) if rest else value
        return node.model_copy(update={name: inner})
    table = cast("dict[str, Any]", node)
    name = next(one for one in table if path.startswith(f"{one}."))
    return {**table, name: _with_value(table[name], path.removeprefix(f"{name}."), value)}
