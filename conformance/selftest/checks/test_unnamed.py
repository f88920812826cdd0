"""What a profile does not name is not held against a target, and what it names still is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import BEARER, PROFILE, judge
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

UNNAMED = f"""{PROFILE.split("[answers]", maxsplit=1)[0]}{BEARER}
[tools]
ping = "ping"
"""


class OtherWords(Good):
    """Refuses in words of its own."""

    refusal = {"problem": "who are you?"}  # noqa: RUF012 -- as the base class declares it


class Bearer(Good):
    """Takes bearer tokens, and tells a missing one from a wrong one as RFC 6750 asks."""

    missing = "Bearer"
    words: ClassVar[dict[bool, dict[str, Any]]] = {True: {}, False: {}}
    """What a refusal holds, by whether there was a token."""

    def tenant(self) -> str | None:
        """Return whose token was presented; two are nobody's."""
        presented = self.headers.get_all("Authorization") or []
        return KEYS.get(presented[0].removeprefix("Bearer ")) if len(presented) == 1 else None

    def refuse(self) -> None:
        """Send the challenge, with an error code where there was a token."""
        wrong = 'Bearer error="invalid_token"'
        has_token = "Authorization" in self.headers
        challenge = wrong if has_token else self.missing
        self.reply(401, self.words[has_token], {"WWW-Authenticate": challenge})


class TalkativeBearer(Bearer):
    """Has an error code for a missing token, too, and not that of a wrong one."""

    missing = 'Bearer error="invalid_request"'


UNAUTHORIZED = {"jsonrpc": "2.0", "error": {"code": -32001, "message": "Unauthorized"}, "id": None}


class JsonRpcBearer(Bearer):
    """Refuses both by one JSON-RPC error."""

    words = {True: UNAUTHORIZED, False: UNAUTHORIZED}  # noqa: RUF012 -- as the base class has it


class TellingJsonRpcBearer(Bearer):
    """Says in that error which of the two it was."""

    words = {True: UNAUTHORIZED, False: {"error": "no token"}}  # noqa: RUF012 -- as above


class CallsBlanksMalformed(JsonRpcBearer):
    """Calls a scheme without a token a malformed request."""

    def refuse(self) -> None:
        """Send one of three challenges."""
        if self.headers.get("Authorization", "none").strip() in {"", "Bearer"}:
            challenge = 'Bearer error="invalid_request"'
            self.reply(401, UNAUTHORIZED, {"WWW-Authenticate": challenge})
        else:
            super().refuse()


def test_a_refusal_in_other_words_is_not_assessed_unless_the_profile_has_them(
    tmp_path: Path,
) -> None:
    unnamed = PROFILE.replace('[answers]\nunauthorized = { error = "unauthorized" }\n', "")
    with serving(OtherWords) as url:
        words = (f"--target={url}", "--requirement=AUTH-01")
        (tmp_path / "named").mkdir()
        named = judge(tmp_path / "named", *words, profile=PROFILE)
        found = judge(tmp_path, *words, profile=unnamed)
    assert named.verdicts == {"AUTH-01": "fail"}
    assert found.verdicts == {"AUTH-01": "not assessed"}
    assert "[answers] unauthorized" in found.output


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("", "[limits] auth_failures"),
        (
            "[limits]\nauth_failures = 0\n",
            "limits.auth_failures that there is none",
        ),
    ],
    ids=["unnamed", "none"],
)
def test_a_limit_that_nobody_declared_is_not_missed(
    tmp_path: Path, limits: str, words: str
) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--area=BLOCK", profile=PROFILE + limits)
    assert set(found.verdicts.values()) == {"not assessed"}
    assert words in found.output


def test_a_declared_limit_is_missed(tmp_path: Path) -> None:
    with serving(Good) as url:
        profile = f"{PROFILE}[limits]\nauth_failures = 5\n"
        found = judge(tmp_path, f"--target={url}", "--requirement=BLOCK-01", profile=profile)
    assert found.verdicts == {"BLOCK-01": "fail"}


@pytest.mark.parametrize(
    ("handler", "verdict"),
    [
        (Bearer, "pass"),
        (JsonRpcBearer, "pass"),
        (CallsBlanksMalformed, "pass"),
        (TalkativeBearer, "fail"),
        (TellingJsonRpcBearer, "fail"),
    ],
)
def test_a_missing_bearer_token_may_be_told_less_than_a_wrong_one_and_no_more(
    tmp_path: Path, handler: type[Good], verdict: str
) -> None:
    with serving(handler) as url:
        words = (f"--target={url}", "--requirement=AUTH-02,AUTH-03")
        found = judge(tmp_path, *words, profile=UNNAMED)
    assert found.verdicts == {"AUTH-02": verdict, "AUTH-03": verdict}
