"""With --soak RLS-08 finds what is rare or late, and ends by itself; without it nothing changes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.analysis import soaking
from conformance.analysis.soaking import Soak
from conformance.profile.target import DeclaredLimits
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

CANARIES = {"tenant-a": "amber-falcon-71", "tenant-b": "birch-otter-38"}
SHOWN = {**CANARIES, "nobody": "no notes"}
LIMITS = "[limits]\ntenant_requests = 100000\naddress_requests = 100000\n"


def _with_canaries(profile: str) -> str:
    for tenant, canary in CANARIES.items():
        profile = profile.replace(f'id = "{tenant}"', f'id = "{tenant}"\ncanary = "{canary}"')
    return profile


ROOMY = f"{_with_canaries(PROFILE)}tenant_data = 'notes'\n{LIMITS}"
RLS_08 = "--requirement=RLS-08"


class Notes(Good):
    """Has a tool that shows the caller's notes."""

    lock: ClassVar[threading.Lock] = threading.Lock()  # bounded: held to look something up

    def converse(self, message: dict[str, Any]) -> None:
        """Answer a call of it."""
        if message.get("method") != "tools/call":
            super().converse(message)
            return
        with self.lock:
            text = SHOWN[self.shown(self.tenant() or "")]
        result = {"content": [{"type": "text", "text": text}]}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})

    def shown(self, tenant: str) -> str:
        """Return the tenant whose notes are shown."""
        return tenant


def other(tenant: str) -> str:
    """Return the tenant that it is not."""
    return next(one for one in CANARIES if one != tenant)


class LeaksRarely(Notes):
    """Shows another tenant's notes once in 500 reads."""

    reads: ClassVar[list[str]] = []

    def shown(self, tenant: str) -> str:
        """Count, and confuse one."""
        self.reads.append(tenant)
        return tenant if len(self.reads) % 500 else other(tenant)


class LeaksAfterSilence(Notes):
    """Keeps notes by tenant while they are read, and for everybody once they have run out."""

    lives: ClassVar[float] = 2.0
    last: ClassVar[list[float]] = []
    kept: ClassVar[list[str]] = []

    def shown(self, tenant: str) -> str:
        """Fill what has run out with the notes of whoever asks first."""
        now = time.monotonic()
        if self.last and now - self.last[-1] > self.lives:
            self.kept.append(tenant)
        self.last.append(now)
        return self.kept[-1] if self.kept else tenant


@pytest.mark.slow
@pytest.mark.parametrize("handler", [LeaksRarely, LeaksAfterSilence])
def test_what_is_rare_or_late_is_found_by_a_soak_alone(
    tmp_path: Path, handler: type[Notes]
) -> None:
    with serving(handler) as url:
        usual = judge(tmp_path, f"--target={url}", RLS_08, profile=ROOMY)
        soaked = judge(tmp_path, f"--target={url}", RLS_08, "--soak=0.2", profile=ROOMY)
    assert usual.verdicts == {"RLS-08": "pass"}
    assert soaked.verdicts == {"RLS-08": "fail"}
    (finding,) = [line for line in soaked.lines if line.get("id") == "RLS-08"]
    assert "into the soak" in str(finding["seen"])
    assert "--soak=0.2" in str(finding["rerun"])


@pytest.mark.slow
def test_a_good_target_passes_a_soak_that_ends_by_itself(tmp_path: Path) -> None:
    with serving(Notes) as url:
        began = time.monotonic()
        found = judge(tmp_path, f"--target={url}", RLS_08, "--soak=0.05", profile=ROOMY)
        took = time.monotonic() - began
    assert found.verdicts == {"RLS-08": "pass"}
    assert 3 < took < 40
    assert "none the other's" in str(found.lines)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--soak=-1",), "--soak=-1"),
        (("--soak=nan",), "--soak=nan"),
        (("--soak=5", "--area=AUTH"), "--soak prolongs RLS-08"),
    ],
)
def test_a_soak_of_nothing_is_refused(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    found = judge(tmp_path, "--target=http://127.0.0.1:9/mcp", *words)
    assert found.code == 4
    assert told in found.output


class _Time:
    """A clock that time is let pass on, and reads that take a moment."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[tuple[float, str]] = []
        self.reads: list[float] = []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def pass_time(self, seconds: float, what: str) -> None:
        """Let it pass."""
        self.waits.append((seconds, what))
        self.now += seconds

    def gather(self, read: Any, turns: Any, *, at_once: int) -> None:
        """Read, one after another."""
        assert at_once in soaking.WIDTHS
        for turn in turns:
            read(turn)

    def read(self, turn: int) -> None:
        """Take a hundredth of a second, as the tenant whose turn it is."""
        self.now += 0.01
        if turn % 2:
            self.reads.append(self.now)


@pytest.fixture
def hour(monkeypatch: pytest.MonkeyPatch) -> _Time:
    """An hour of soaking at the usual limits, that passes at once."""
    passing = _Time()
    monkeypatch.setattr(soaking, "time", passing)
    monkeypatch.setattr(soaking, "pass_time", passing.pass_time)
    monkeypatch.setattr(soaking, "gather", passing.gather)
    for _ in Soak(3600, DeclaredLimits()).bursts(passing.read):
        pass
    return passing


def test_an_hour_reads_thousands_of_times_and_ends(hour: _Time) -> None:
    assert 3600 <= hour.now < 3600.1
    assert len(hour.reads) > 5000


def test_an_hour_has_silences_longer_than_a_minute(hour: _Time) -> None:
    silences = [seconds for seconds, what in hour.waits if "silent" in what]
    assert len(silences) == 15
    assert all(60 < seconds <= 90 for seconds in silences)


def test_no_window_holds_more_than_the_tenants_limit(hour: _Time) -> None:
    limits = DeclaredLimits()
    for place, moment in enumerate(hour.reads):
        last = moment + limits.tenant_window_seconds
        window = [one for one in hour.reads[place : place + 1000] if one < last]
        assert len(window) <= limits.tenant_requests + sum(soaking.WIDTHS.values()) // 2


def test_a_short_soak_has_one_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    passing = _Time()
    monkeypatch.setattr(soaking, "time", passing)
    monkeypatch.setattr(soaking, "pass_time", passing.pass_time)
    monkeypatch.setattr(soaking, "gather", passing.gather)
    list(Soak(6, DeclaredLimits(tenant_requests=100_000)).bursts(passing.read))
    assert [seconds for seconds, what in passing.waits if "silent" in what] == [1.5]


def test_a_soak_that_reads_slowly_ends_with_reads_after_a_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passing = _Time()
    monkeypatch.setattr(soaking, "time", passing)
    monkeypatch.setattr(soaking, "pass_time", passing.pass_time)
    monkeypatch.setattr(soaking, "gather", passing.gather)
    told = list(Soak(0.5, DeclaredLimits(tenant_requests=100_000)).bursts(passing.read))
    assert "after a silence" in told[-1]
    ((seconds, _),) = passing.waits
    assert seconds == 0.125
    assert passing.reads[-1] > 0.5 + seconds
