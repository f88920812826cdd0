"""Tenants that are served at paths of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.programs.official_client import converse
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile import reading
from conformance.selftest.judging import PROFILE, environment, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import KEYS, Good, serving
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

B = "[tenants.b]\n"
AT_B = f'{B}path = "/t/tenant-b/mcp"\n'


class EachAtItsOwn(Good):
    """Knows no tenant but at its own path."""

    def tenant(self) -> str | None:
        """Return whose key it is, where it is presented in its place."""
        found = super().tenant()
        return found if self.path.split("?")[0] == f"/t/{found}/mcp" else None


class SessionsAtTheirOwn(Sessions):
    """Knows no tenant but at its own path, and keeps sessions."""

    def tenant(self) -> str | None:
        """Return whose key it is, where it is presented in its place."""
        found = super().tenant()
        return found if self.path == f"/t/{found}/mcp" else None


class TellsEverybodyThatItIsA(EachAtItsOwn):
    """Knows one tenant's name."""

    def converse(self, message: dict[str, object]) -> None:
        """Answer as if tenant A had asked."""
        self.headers.replace_header("X-Api-Key", next(iter(KEYS)))
        self.path = "/t/tenant-a/mcp"
        super().converse(message)


@pytest.mark.parametrize(
    ("kind", "verdict"), [(EachAtItsOwn, "pass"), (TellsEverybodyThatItIsA, "fail")]
)
def test_each_tenant_is_asked_where_it_is_served(
    tmp_path: Path, kind: type[Good], verdict: str
) -> None:
    with serving(kind) as url:
        target = url.replace("/mcp", "/t/tenant-a/mcp")
        words = (f"--target={target}", "--requirement=AUTH-05")
        found = judge(tmp_path, *words, profile=PROFILE.replace(B, AT_B))
    assert found.verdicts == {"AUTH-05": verdict}, found.output


def test_the_official_client_is_sent_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "p.toml"
    path.write_text(PROFILE.replace(B, AT_B), encoding="utf-8")
    with serving(SessionsAtTheirOwn) as url:
        target = reading.load(path, url=url.replace("/mcp", "/t/tenant-a/mcp"))
        budget = Budget(AddressPool(target, 0), target.limits)
        line = Wire(target, "", budget, Transcript(Redactor({})))
        found = [converse(line, key, "legacy", ()).done for key in KEYS]
        line.close()
    assert found == ["everything", "everything"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (f'{B}path = "t/b"\n', "tenants.b.path: 't/b' is no path"),
        (f'{B}path = "http://x/t/b"\n', "tenants.b.path: 'http://x/t/b' is no path"),
        ('[tenants.a]\npath = "/t/a"\n', "tenants.a: has a path; tenant A's is that of [target]"),
    ],
)
def test_a_path_that_is_none_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, told: str
) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "p.toml"
    section = entry.splitlines()[0] + "\n"
    path.write_text(PROFILE.replace(section, entry), encoding="utf-8")
    with pytest.raises(reading.ProfileError) as error:
        reading.load(path)
    assert told in str(error.value)
