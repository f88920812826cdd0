"""Parts of tokens in the log of a server whose keys are signed tokens, with another's format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.checks.test_tokens import EXPIRED, PROFILE, TOKENS, Verifies, bytes_of
from conformance.selftest.judging import judge
from conformance.selftest.targets import serving
from conformance.text.tokens import is_token

if TYPE_CHECKING:
    from pathlib import Path


class Writes(Verifies):
    """Logs each request by its path, and what its token says of its holder: claims are no token."""

    file: ClassVar[Path]

    def answer(self) -> None:
        """Write a line, then answer."""
        shown = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        told = self.told(*shown.split(".")) if is_token(shown) else ""
        line = {"path": self.path, "caller": told, "level": "info"}
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        super().answer()

    def told(self, header: str, claims: str, signature: str) -> str:
        """Return the algorithm, and the claims in plain text."""
        del signature
        return f"{header} {bytes_of(claims).decode()}"

    do_GET = do_POST = do_DELETE = answer


class WritesBeginnings(Writes):
    """Logs how signatures begin."""

    def told(self, header: str, claims: str, signature: str) -> str:
        """Return eight characters."""
        del header, claims
        return signature[:8]


class WritesEndings(Writes):
    """Logs how signatures end."""

    def told(self, header: str, claims: str, signature: str) -> str:
        """Return eight characters."""
        del header, claims
        return f"...{signature[-8:]}"


@pytest.mark.parametrize(
    ("handler", "verdict"), [(Writes, "pass"), (WritesBeginnings, "fail"), (WritesEndings, "fail")]
)
def test_a_part_of_a_signature_is_accused_and_claims_in_plain_text_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handler: type[Writes], verdict: str
) -> None:
    for name, token in {**TOKENS, "TOKEN_EXPIRED": EXPIRED}.items():
        monkeypatch.setenv(name, token)
    handler.file = tmp_path / "server.log"
    handler.file.touch()
    profile = f'{PROFILE}[channels.log]\nfile = "{handler.file}"\n'
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=LOG-07", profile=profile)
    assert found.verdicts == {"LOG-07": verdict}
