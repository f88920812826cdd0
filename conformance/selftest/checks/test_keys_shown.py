"""ROT-05: wherever a server repeats the key that it was sent, and where it shows only its end."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


class Repeats(Good):
    """Adds to what it answers."""

    def key(self) -> str:
        """Return the key that was sent."""
        return self.headers.get("X-Api-Key") or ""

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Add to whatever a request of this kind is answered."""
        found, more = self.repeated(status)
        super().reply(status, {**body, **found}, {**(headers or {}), **more})

    def repeated(self, status: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what is added to the body, and to the head: a masked key."""
        del status
        return {"caller": f"****{self.key()[-4:]}"}, {}


class InErrors(Repeats):
    """Tells it where something is not found."""

    def repeated(self, status: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Repeat the headers."""
        return ({"asked": {"headers": dict(self.headers)}} if status == 404 else {}), {}


class InResults(Repeats):
    """Tells it in base64."""

    def repeated(self, status: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Encode it."""
        told = base64.b64encode(f"id:{self.key()}".encode()).decode()
        return ({"caller": told} if status == 200 else {}), {}


class InLocation(Repeats):
    """Tells it where a path has a slash too many."""

    def repeated(self, status: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Say where to go."""
        del status
        return {}, {"Location": f"/mcp?k={self.key()}"} if self.path == "/mcp/" else {}


class InRefusals(Repeats):
    """Tells a revoked key which it was."""

    def repeated(self, status: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Quote it."""
        return ({"detail": f"no such key: {self.key()}"} if status == 401 else {}), {}


@pytest.mark.parametrize(
    ("kind", "verdict", "told"),
    [
        (Repeats, "not assessed", "[admin] token"),
        (InErrors, "fail", "tools/list"),
        (InResults, "fail", "a call"),
        (InLocation, "fail", "GET /mcp/"),
        (InRefusals, "fail", "a revoked key"),
    ],
)
def test_a_key_that_was_sent_is_found_in_any_answer(
    tmp_path: Path, kind: type[Repeats], verdict: str, told: str
) -> None:
    with serving(kind) as url:
        judged = judge(tmp_path, f"--target={url}", "--requirement=ROT-05", profile=PROFILE)
    assert judged.verdicts == {"ROT-05": verdict}, judged.output
    (finding,) = [line for line in judged.lines if line.get("id") == "ROT-05"]
    assert told in f"{finding['reason']} {finding['seen']}"
    (first,) = [one for one in finding["checks"] if "that_was_sent" in one["name"]]  # type: ignore[attr-defined]
    assert first["verdict"] == ("fail" if verdict == "fail" else "pass")
