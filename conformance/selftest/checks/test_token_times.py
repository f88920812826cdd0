"""What the time of a token endpoint tells, where clients post their secrets in the form."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.authorization.grants import Memory, set_passwords
from conformance.selftest.authorization.server import PROFILE as USERS_PROFILE
from conformance.selftest.authorization.server import Authorizes
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What is tolerated is wide, and each delay wider: what is narrow would be this machine's mood.
TIMED = f"{PROFILE}{USERS_PROFILE}[timing]\nmicroseconds = 2000\ntail_share = 0.2\n"
DELAY = 0.006
PREFIX = 8
METHOD = "token_endpoint_auth_method"
BY_FORM = "client_secret_post"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    set_passwords(monkeypatch)


def work() -> None:
    """Be busy for a time."""
    end = time.perf_counter() + DELAY
    while time.perf_counter() < end:
        pass


def begins_like(text: str, known: Iterable[str]) -> bool:
    """Tell whether a text begins as one of the known ones does."""
    return any(text[:PREFIX] == one[:PREFIX] for one in known)


class Proves(Authorizes):
    """Gives a secret to whoever wants one, and nothing to such a client without it."""

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Tell of secrets in the metadata, and to clients."""
        if self.path == "/.well-known/oauth-authorization-server":
            body = {**body, "token_endpoint_auth_methods_supported": ["none", BY_FORM]}
        if self.path == "/in/clients" and json.loads(self.sent).get(METHOD) == BY_FORM:
            more = {METHOD: BY_FORM, "client_secret": secrets.token_urlsafe(24)}
            self.memory.clients[body["client_id"]] |= more
            body |= more
        super().reply(status, body, headers)

    def give(self) -> None:
        """Give tokens, once it is known to whom."""
        told = self.form()
        client = self.client(told.get("client_id", ""))
        own = str((client or {}).get("client_secret") or "")
        is_right = self.is_right(told.get("client_secret", ""), own)
        if client is None or not is_right:
            self.reply(401, self.refusal_of(is_known=client is not None))
            return
        self.look(told)
        super().give()

    def is_right(self, secret: str, own: str) -> bool:
        """Compare a secret with a client's own, which is empty where it has none."""
        return hmac.compare_digest(secret, own)

    def refusal_of(self, *, is_known: bool) -> dict[str, str]:
        """Return the refusal."""
        del is_known
        return {"error": "invalid_client"}

    def look(self, told: dict[str, str]) -> None:
        """Look at what is presented."""


class KnowsItsClients(Proves):
    """Digests the secrets of those that it knows slowly."""

    def is_right(self, secret: str, own: str) -> bool:
        """Take longer where there is something to compare."""
        if own:
            work()
        return super().is_right(secret, own)


class Says(Proves):
    """Says whether there is such a client."""

    def refusal_of(self, *, is_known: bool) -> dict[str, str]:
        """Return the refusal."""
        return {"error": "invalid_client", "error_description": "secret" if is_known else "id"}


class FindsSecrets(Proves):
    """Looks at the beginning of a secret first."""

    def is_right(self, secret: str, own: str) -> bool:
        """Take longer where it is right."""
        if own and begins_like(secret, [own]):
            work()
        return super().is_right(secret, own)


class FindsCodes(Proves):
    """Looks for codes by their beginning."""

    def look(self, told: dict[str, str]) -> None:
        """Take longer where there is one."""
        if begins_like(told.get("code", ""), [*self.memory.codes]):
            work()


class FindsTokens(Proves):
    """Looks for refresh tokens by their beginning."""

    def look(self, told: dict[str, str]) -> None:
        """Take longer where there is one."""
        if begins_like(told.get("refresh_token", ""), [*self.memory.refresh]):
            work()


class Unread(Proves):
    """Reads no secret."""

    def is_right(self, secret: str, own: str) -> bool:
        """Take any."""
        del secret, own
        return True


OF_CLIENTS, OF_GRANTS = "TIME-06-b", "TIME-08"
FOUND: dict[type[Authorizes], dict[str, str]] = {
    Proves: {OF_CLIENTS: "pass", OF_GRANTS: "pass"},
    KnowsItsClients: {OF_CLIENTS: "fail"},
    Says: {OF_CLIENTS: "not assessed"},
    FindsSecrets: {OF_CLIENTS: "pass", OF_GRANTS: "fail"},
    FindsCodes: {OF_GRANTS: "fail"},
    FindsTokens: {OF_GRANTS: "fail"},
    Unread: {OF_CLIENTS: "inconclusive", OF_GRANTS: "inconclusive"},
    Authorizes: {OF_CLIENTS: "not assessed", OF_GRANTS: "not assessed"},
}


@pytest.mark.parametrize("server", FOUND)
def test_what_time_tells_at_a_token_endpoint_is_found(
    tmp_path: Path, server: type[Authorizes]
) -> None:
    class Serves(server):  # type: ignore[misc, valid-type]
        memory: ClassVar[Memory] = Memory(frozenset(), None, most_clients=100)

    with serving(Serves) as url:
        words = (f"--target={url}", f"--requirement={','.join(FOUND[server])}")
        found = judge(tmp_path, *words, profile=TIMED)
    assert found.verdicts == FOUND[server], found.output
