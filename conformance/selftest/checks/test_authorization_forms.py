"""Authorization servers of other forms: what one does not have is no mistake, and is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.oauth.registering import LOOPBACK
from conformance.selftest.authorization.grants import Memory, set_passwords
from conformance.selftest.authorization.server import PROFILE as USERS_PROFILE
from conformance.selftest.authorization.server import Authorizes
from conformance.selftest.judging import PROFILE, Judged, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"client_id": "known", "client_name": "Known", "redirect_uris": [LOOPBACK]}
CLIENT = f"""
[authorization.client]
id = "known"
redirect_uri = "{LOOPBACK}"
"""
OF_ANY_CLIENT = {"OAUTH-15", "OAUTH-19", "OAUTH-20"}
OF_NEW_CLIENTS = {"OAUTH-02", "OAUTH-06", "OAUTH-11", "OAUTH-12", "OAUTH-14"}

pytestmark = pytest.mark.slow


class RegistersNobody(Authorizes):
    """Knows the clients that its operator has added."""

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Name no registration endpoint."""
        body.pop("registration_endpoint", None)
        super().reply(status, body, headers)

    def register(self) -> None:
        """Answer as where nothing is."""
        self.reply(404, {})


class ByInvitation(Authorizes):
    """Registers whom its operator has invited."""

    def register(self) -> None:
        """Ask for the token of an invitation."""
        self.reply(401, {"error": "invalid_token"})


class GivesNoRefreshTokens(Authorizes):
    """Gives access tokens, and nothing to renew them by."""

    told: tuple[str, ...] = ()

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Leave them out, and say so in the metadata where that is told at all."""
        body.pop("refresh_token", None)
        if self.told and "issuer" in body:
            body["grant_types_supported"] = self.told
        super().reply(status, body, headers)


class SaysSo(GivesNoRefreshTokens):
    """Says that there are none, too."""

    told = ("authorization_code",)


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    set_passwords(monkeypatch)


def judged(folder: Path, kind: type[Authorizes], names: set[str], profile: str = "") -> Judged:
    memory = Memory(frozenset(), clients={"known": dict(KNOWN)})
    with serving(type("Form", (kind,), {"memory": memory})) as url:
        words = (f"--target={url}", f"--requirement={','.join(sorted(names))}")
        return judge(folder, *words, profile=PROFILE + USERS_PROFILE + profile)


@pytest.mark.parametrize(
    ("kind", "words"),
    [(RegistersNobody, "registers nobody"), (ByInvitation, "whom it has invited")],
)
def test_where_nobody_registers_the_client_of_the_profile_is_judged(
    tmp_path: Path, kind: type[Authorizes], words: str
) -> None:
    found = judged(tmp_path, kind, OF_ANY_CLIENT | OF_NEW_CLIENTS, CLIENT)
    wanted = dict.fromkeys(OF_ANY_CLIENT, "pass") | dict.fromkeys(OF_NEW_CLIENTS, "not assessed")
    assert found.verdicts == wanted, found.output
    assert words in found.output


@pytest.mark.parametrize("kind", [RegistersNobody, ByInvitation])
def test_where_nobody_registers_a_client_is_asked_for(
    tmp_path: Path, kind: type[Authorizes]
) -> None:
    found = judged(tmp_path, kind, OF_ANY_CLIENT)
    assert set(found.verdicts.values()) == {"not assessed"}, found.output
    assert "supply the profile's [authorization.client]" in found.output


def test_who_says_that_there_are_no_refresh_tokens_is_judged_by_codes(tmp_path: Path) -> None:
    found = judged(tmp_path, SaysSo, {"OAUTH-11", "OAUTH-19"})
    assert found.verdicts == {"OAUTH-11": "not assessed", "OAUTH-19": "pass"}, found.output
    assert "gives no refresh tokens, and says so" in found.output


def test_who_gives_no_refresh_tokens_and_does_not_say_so_may_have_some(tmp_path: Path) -> None:
    found = judged(tmp_path, GivesNoRefreshTokens, {"OAUTH-11", "OAUTH-19"})
    assert set(found.verdicts.values()) == {"not assessed"}, found.output
