"""The challenge of a 401: every form that RFC 9110 permits, and what RFC 9728 asks beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.channels.http.challenge import Challenge, challenges
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(
    ("value", "schemes"),
    [
        ("ApiKey", ["ApiKey"]),
        ('ApiKey, Bearer realm="mcp"', ["ApiKey", "Bearer"]),
        ('Bearer realm="mcp", ApiKey', ["Bearer", "ApiKey"]),
        (
            r'Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"',
            ["Newauth", "Basic"],
        ),
        ('X-Key realm="tools, inc.", charset = "UTF-8", Negotiate', ["X-Key", "Negotiate"]),
        ("Negotiate YWJj==, NTLM", ["Negotiate", "NTLM"]),
        (", ApiKey ,", ["ApiKey"]),
        ("", []),
    ],
)
def test_a_list_of_challenges_is_read(value: str, schemes: list[str]) -> None:
    found = challenges(value)
    assert found is not None
    assert [one.scheme for one in found] == schemes


def test_parameters_belong_to_the_challenge_before_them() -> None:
    text = 'ApiKey, Bearer realm="a, \\"b\\"", Error=invalid_token'
    assert challenges(text) == [
        Challenge("ApiKey"),
        Challenge("Bearer", {"realm": 'a, "b"', "error": "invalid_token"}),
    ]


@pytest.mark.parametrize(
    "value",
    [
        'realm="mcp"',
        'ApiKey, realm="mcp"',
        'Bearer realm="mcp',
        "Bearer a b",
        "(Bearer)",
        'Bearer "a"',
        'x "' + '\\"' * 100_000,
    ],
    ids=range(7),
)
def test_what_is_no_challenge_is_none(value: str) -> None:
    assert challenges(value) is None


class Offers(Good):
    """Has a protected resource's metadata, and says so in its challenge."""

    place = f"{METADATA}/mcp"
    resource = "{origin}/mcp"
    servers: ClassVar[list[str]] = ["https://login.example"]
    challenge = f'ApiKey, Bearer resource_metadata="{{origin}}{METADATA}/mcp"'
    wrong = 'error="invalid_token"'

    def answer(self) -> None:
        """Serve the metadata to everybody."""
        if self.path != self.place:
            super().answer()
            return
        resource = self.resource.replace("{origin}", f"http://{self.headers['Host']}")
        found: dict[str, Any] = {"resource": resource, "authorization_servers": self.servers}
        self.reply(200, found)

    def refuse(self) -> None:
        """Send the challenge, and an error code to whoever presented a token."""
        told = self.challenge.replace("{origin}", f"http://{self.headers['Host']}")
        if "Authorization" in self.headers and self.wrong:
            told += f", {self.wrong}" if "=" in told else f" {self.wrong}"
        self.reply(401, self.refusal, {"WWW-Authenticate": told})

    do_GET = do_POST = do_DELETE = answer


class OffersInSilence(Offers):
    """Leaves the metadata for its clients to find."""

    challenge = "Bearer"


class OffersARelativeUrl(Offers):
    """Has a challenge with half a URL."""

    challenge = f'Bearer resource_metadata="{METADATA}"'


class OffersAtTheRoot(OffersInSilence):
    """Has the metadata where a whole origin has them."""

    place = METADATA
    resource = "{origin}"


class Neighbour(OffersAtTheRoot):
    """Shares its origin with another resource."""

    resource = "{origin}/photos"


class LeadsNowhere(Offers):
    """Names a document that is not there."""

    challenge = f'Bearer resource_metadata="{{origin}}{METADATA}"'


class CallsNothingInvalid(Offers):
    """Says that a token is invalid which nobody has presented."""

    challenge = f'Bearer error="invalid_token", resource_metadata="{{origin}}{METADATA}/mcp"'


class SaysNothingOfTokens(Offers):
    """Answers a wrong token as if there were none."""

    wrong = ""


class NoServers(OffersInSilence):
    """Has metadata without an authorization server: they may tell of scopes alone."""

    servers: ClassVar[list[str]] = []


class SilentToGet(Good):
    """Forgets the challenge where an event stream is asked for."""

    def refuse(self) -> None:
        """Send the refusal."""
        challenge = {} if self.command == "GET" else {"WWW-Authenticate": "ApiKey"}
        self.reply(401, self.refusal, challenge)


@pytest.mark.parametrize(
    ("handler", "verdict"),
    [
        (Offers, "pass"),
        (OffersInSilence, "fail"),
        (OffersARelativeUrl, "fail"),
        (OffersAtTheRoot, "fail"),
        (Neighbour, "pass"),
        (LeadsNowhere, "fail"),
        (CallsNothingInvalid, "fail"),
        (SaysNothingOfTokens, "fail"),
        (NoServers, "pass"),
        (SilentToGet, "fail"),
    ],
)
def test_a_401_says_how_to_authenticate(tmp_path: Path, handler: type[Good], verdict: str) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-16", profile=PROFILE)
    assert found.verdicts == {"AUTH-16": verdict}, found.output[-2000:]


def test_it_is_judged_without_a_key(tmp_path: Path) -> None:
    """What a 401 says is seen in the 401; a server that admits nobody says it no less."""
    with serving(Offers) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-16")
    assert found.verdicts == {"AUTH-16": "pass"}, found.output[-2000:]
