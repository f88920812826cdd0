"""RATE-05 and RATE-08 on targets that limit addresses alone, or tenants: halves stand apart."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import REVOKED, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 8
THREE = f"""{PROFILE}
[tenants.spare]
id = "tenant-c"
key = {{ env = "KEY_REVOKED" }}
[limits]
address_window_seconds = 1
tenant_window_seconds = 1
"""
OF_ADDRESSES = f"{THREE}address_requests = {LIMIT}\n"
OF_TENANTS = f"{THREE}tenant_requests = {LIMIT}\n"


class Limits(Good):
    """Counts what each subject asks for."""

    counted: ClassVar[defaultdict[str, list[float]]]

    def tenant(self) -> str | None:
        """Know a third tenant, too."""
        presented = self.headers.get_all("X-Api-Key") or []
        return "tenant-c" if presented == [REVOKED] else super().tenant()

    def subject(self) -> str:
        """Return what is counted."""
        return self.client_address[0]

    def is_admitted(self) -> bool:
        """Count one request more, if there is room for it."""
        now, counted = time.monotonic(), self.counted[self.subject()]
        counted[:] = [moment for moment in counted if moment > now - 1]
        if has_room := len(counted) < LIMIT:
            counted.append(now)
        return has_room

    def answer(self) -> None:
        """Answer, or tell that it was one request too many."""
        if self.is_admitted():
            super().answer()
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(429, {"error": "slow down"}, {"Retry-After": "1"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class TellsNobodyWhen(Limits):
    """Does not say when to come again."""

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Leave it out."""
        kept = {name: text for name, text in (headers or {}).items() if name != "Retry-After"}
        super().reply(status, body, kept)


class OneBucketOfAddresses(Limits):
    """Counts by a prefix of the address, which all of IPv4 shares on a socket for both families."""

    def subject(self) -> str:
        """Return the first 64 bits of ``::ffff:127.0.0.1``."""
        return "::/64"


class CountsTenants(Limits):
    """Counts what each tenant asks for."""

    def subject(self) -> str:
        """Return whose key it is."""
        return str(self.tenant())


class OneBucketOfTenants(Limits):
    """Counts all whose key is right as one."""

    def subject(self) -> str:
        """Tell the known from the unknown alone."""
        return str(self.tenant() is not None)


@pytest.mark.parametrize(
    ("kind", "profile", "verdict", "lacks"),
    [
        (Limits, OF_ADDRESSES, "not assessed", "tenant_requests"),
        (OneBucketOfAddresses, OF_ADDRESSES, "fail", ""),
        (CountsTenants, OF_TENANTS, "not assessed", "address_requests"),
        (OneBucketOfTenants, OF_TENANTS, "fail", ""),
    ],
)
def test_each_half_is_judged_without_what_the_other_needs(
    kind: type[Limits], profile: str, verdict: str, lacks: str, tmp_path: Path
) -> None:
    kind.counted = defaultdict(list)
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=RATE-08", "--patience=3")
        judged = judge(tmp_path, *words, profile=profile)
    assert judged.verdicts == {"RATE-08": verdict}, judged.output
    finding = next(one for one in judged.lines if one.get("id") == "RATE-08")
    assert lacks in str(finding["reason"])


@pytest.mark.parametrize(("kind", "verdict"), [(Limits, "pass"), (TellsNobodyWhen, "fail")])
def test_without_a_clock_a_run_waits_as_long_as_its_patience_goes(
    kind: type[Limits], verdict: str, tmp_path: Path
) -> None:
    kind.counted = defaultdict(list)
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=RATE-05", "--patience=3")
        judged = judge(tmp_path, *words, profile=OF_ADDRESSES)
    assert judged.verdicts == {"RATE-05": verdict}, judged.output
