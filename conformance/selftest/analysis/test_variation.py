"""Servers whose answers are never twice the same are not accused of it; those that tell, are."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import REVOKED, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

REFUSALS = "AUTH-02,AUTH-03,AUTH-04,AUTH-06"


class TracesInBody(Good):
    """Names the request in each refusal, as ASP.NET does."""

    def refuse(self) -> None:
        """Refuse, with a name that nobody has seen."""
        trace = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00"
        body = {**self.refusal, "status": 401, "traceId": trace}
        self.reply(401, body, {"WWW-Authenticate": "ApiKey"})


class BehindAGateway(Good):
    """Stands behind what reports to somebody else, times everything and counts down a limit."""

    left: ClassVar[Any] = itertools.count(10_000, -1)

    def refuse(self) -> None:
        """Refuse, with all that is in between."""
        told = {
            "WWW-Authenticate": "ApiKey",
            "Report-To": f'{{"endpoints":[{{"url":"https://x.example/?s={uuid.uuid4().hex}"}}]}}',
            "X-Process-Time": str(time.perf_counter() % 1e-3),
            "X-RateLimit-Remaining": str(next(self.left)),
            "X-Request-Id": str(uuid.uuid4()),
        }
        self.reply(401, self.refusal, told)


class TellsByName(Good):
    """Has one field more for a key that was revoked."""

    def refuse(self) -> None:
        """Refuse, and say why in a field of its own."""
        reason = {"X-Request-Reason": "revoked"} if self.headers.get("X-Api-Key") == REVOKED else {}
        self.reply(401, self.refusal, {"WWW-Authenticate": "ApiKey", **reason})


class TellsByValue(Good):
    """Tells a revoked key in a field that others use for times."""

    def refuse(self) -> None:
        """Refuse, and say why in passing."""
        why = "revoked" if self.headers.get("X-Api-Key") == REVOKED else "unknown"
        fields = {"WWW-Authenticate": "ApiKey", "Server-Timing": f"lookup;desc={why}"}
        self.reply(401, self.refusal, fields)


class TellsAmongNoise(TracesInBody):
    """Tells a revoked key in a body that differs each time anyway."""

    def refuse(self) -> None:
        """Refuse, and say why beside the name of the request."""
        why = "revoked" if self.headers.get("X-Api-Key") == REVOKED else "unknown"
        self.reply(401, {**self.refusal, "id": str(uuid.uuid4()), "why": why})


@pytest.mark.parametrize("handler", [TracesInBody, BehindAGateway])
def test_what_differs_by_itself_is_no_oracle(tmp_path: Path, handler: type[Good]) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", f"--requirement={REFUSALS}", profile=PROFILE)
    assert set(found.verdicts.values()) == {"pass"}, found.output


@pytest.mark.parametrize("handler", [TellsByName, TellsByValue, TellsAmongNoise])
def test_an_oracle_is_found_wherever_it_speaks(tmp_path: Path, handler: type[Good]) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-06", profile=PROFILE)
    assert found.verdicts == {"AUTH-06": "fail"}, found.output
