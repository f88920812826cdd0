"""OAUTH-17: what a server tells a client whose token has too few scopes, right and wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.profile.reading import ProfileError, load
from conformance.selftest.authorizing import RESOURCE, Authorizing
from conformance.selftest.judging import ADMIN, BEARER, PROFILE, judge
from conformance.selftest.targets import Good, answered, serving

if TYPE_CHECKING:
    from pathlib import Path

NARROW, BROAD = "key-of-the-spare-0123456789", ADMIN
SCOPED = f"""{PROFILE}{BEARER}
[authorization.narrow]
session = {{ env = "KEY_SPARE" }}
needs = ["notes:read", "notes:write"]
allowed = {{ name = "list_notes" }}
denied = {{ name = "rename_note" }}
"""
BOTH = f'{SCOPED}[authorization.broad]\nsession = {{ env = "KEY_ADMIN" }}\n'
NEEDED: dict[str, set[str]] = {"rename_note": {"notes:read", "notes:write"}}


class Scoped(Authorizing):
    """Has a token to read, and one to administer, which implies to read and to write."""

    granted: ClassVar[dict[str, set[str]]] = {
        NARROW: {"notes:read"},
        BROAD: {"notes:admin", "notes:read", "notes:write"},
    }

    @property
    def token(self) -> str:
        """The token that was presented."""
        return self.headers.get("Authorization", "").partition(" ")[2]

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        return "tenant-a" if self.token in self.granted else super().tenant()

    def challenge(self) -> str:
        """Return the challenge with the scopes that any request takes."""
        return f'{super().challenge()}, scope="notes:read"'

    def lacking(self, message: dict[str, Any]) -> set[str]:
        """Return the scopes that a call takes and the token does not have."""
        needed = NEEDED.get(str(message.get("params", {}).get("name")), {"notes:read"})
        return needed - self.granted.get(self.token, needed)

    def converse(self, message: dict[str, Any]) -> None:
        """Refuse what a token has too few scopes for."""
        if lacking := self.lacking(message):
            self.insufficient(lacking, NEEDED["rename_note"])
        else:
            super().converse(message)

    def insufficient(self, lacking: set[str], needed: set[str]) -> None:
        """Refuse, with all scopes that the call takes."""
        del lacking
        self.forbid(f'error="insufficient_scope", scope="{" ".join(sorted(needed))}"')

    def forbid(self, told: str, status: int = 403) -> None:
        """Send a refusal that leads to the metadata."""
        challenge = f'Bearer {told}, resource_metadata="{self.origin}{RESOURCE}/mcp"'
        self.reply(status, {"error": "insufficient_scope"}, {"WWW-Authenticate": challenge})


class NamesNone(Scoped):
    """Has a challenge without scopes."""

    def challenge(self) -> str:
        """Return it."""
        return Authorizing.challenge(self)


class AsksForRefreshing(Scoped):
    """Has every client ask for a refresh token."""

    def challenge(self) -> str:
        """Return such a challenge."""
        return f'{Authorizing.challenge(self)}, scope="notes:read offline_access"'


class LooksAtNoScope(Scoped):
    """Does whatever anybody asks for."""

    def lacking(self, message: dict[str, Any]) -> set[str]:
        """Find nothing."""
        del message
        return set()


class OneByOne(Scoped):
    """Names what is lacking, and so nothing that the call takes besides."""

    def insufficient(self, lacking: set[str], needed: set[str]) -> None:
        """Name some."""
        del needed
        self.forbid(f'error="insufficient_scope", scope="{" ".join(lacking)}"')


class CallsItInvalid(Scoped):
    """Has the client renew a token that is good."""

    def insufficient(self, lacking: set[str], needed: set[str]) -> None:
        """Answer as if it were invalid."""
        del lacking, needed
        self.forbid('error="invalid_token"', 401)


class InTheBody(Scoped):
    """Tells of it in a result."""

    def insufficient(self, lacking: set[str], needed: set[str]) -> None:
        """Answer that the tool failed."""
        del lacking, needed
        told = answered({"method": "tools/call", "id": 2}, None)[1]
        told["result"]["isError"] = True
        self.reply(200, told)


class LeadsNowhere(Scoped):
    """Names no metadata."""

    def forbid(self, told: str, status: int = 403) -> None:
        """Send a refusal that says what it is, and nothing else."""
        self.reply(status, {}, {"WWW-Authenticate": f"Bearer {told}"})


class ByTheLetter(Scoped):
    """Looks for each scope by its name, whatever a broader one implies."""

    granted: ClassVar[dict[str, set[str]]] = {NARROW: {"notes:read"}, BROAD: {"notes:admin"}}


@pytest.mark.parametrize(
    ("handler", "verdict"),
    [
        (Scoped, "pass"),
        (NamesNone, "fail"),
        (AsksForRefreshing, "fail"),
        (LooksAtNoScope, "fail"),
        (OneByOne, "fail"),
        (CallsItInvalid, "fail"),
        (InTheBody, "fail"),
        (LeadsNowhere, "fail"),
        (ByTheLetter, "fail"),
    ],
)
def test_a_server_that_looks_at_scopes(tmp_path: Path, handler: type[Good], verdict: str) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=OAUTH-17", profile=BOTH)
    assert found.verdicts == {"OAUTH-17": verdict}, found.output[-2000:]
    weights = {"LooksAtNoScope": "high"}
    if verdict == "fail":
        (line,) = (one for one in found.lines if one.get("id") == "OAUTH-17")
        assert line["impact"] == weights.get(handler.__name__, "low"), json.dumps(line)[:2000]


def test_without_a_token_it_names_what_would_supply_one(tmp_path: Path) -> None:
    with serving(Scoped) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=OAUTH-17")
    assert found.verdicts == {"OAUTH-17": "not assessed"}
    assert "[authorization.narrow]" in str(found.lines)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('session = { env = "KEY_SPARE" }\n', "has no token of its own"),
        ('needs = ["notes:read", "notes:write"]\n', "is missing"),
    ],
)
def test_a_token_that_is_told_by_halves_is_refused(
    more: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KEY_A", "KEY_B", "KEY_REVOKED", "KEY_SPARE", "KEY_ADMIN"):
        monkeypatch.setenv(name, f"value-of-{name}")
    path = tmp_path / "profile.toml"
    path.write_text(SCOPED.replace(more, ""), "utf-8")
    with pytest.raises(ProfileError, match=told):
        load(path)
    path.write_text(BOTH.replace("[authorization.narrow]", "[tenants.spare]"), "utf-8")
    with pytest.raises(ProfileError):
        load(path)
