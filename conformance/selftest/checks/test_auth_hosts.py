"""AUTH-18 against servers whose guard and router read a request's target or host in two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


class GuardsByPrefix(Good):
    """Asks for a key where the target, as it came, begins with a slash; routes by its path."""

    def tenant(self) -> str | None:
        """Return A for a target in absolute form, which the guard takes for no path of its own."""
        return super().tenant() if self.path.startswith("/") else "tenant-a"


class GuardsByHost(Good):
    """Builds the guarded path from ``Host``, as Starlette did before 1.0.1."""

    def tenant(self) -> str | None:
        """Return A where that path is an open route's."""
        try:
            path = urlsplit(f"http://{self.headers.get('Host')}{self.path}").path
        except ValueError:
            path = self.path
        return super().tenant() if path == self.path else "tenant-a"


class RefusesAbsoluteForm(Good):
    """Has no route for a target in absolute form."""

    def refuse(self) -> None:
        """Answer 404 to a target that is no path, else refuse as ever."""
        if self.path.startswith("/"):
            super().refuse()
        else:
            self.reply(404, {"error": "not_found"})


@pytest.mark.parametrize(
    ("server", "verdict"),
    [
        pytest.param(GuardsByPrefix, "fail", id="target"),
        pytest.param(GuardsByHost, "fail", id="host"),
        pytest.param(RefusesAbsoluteForm, "pass", id="absolute form has no route"),
        pytest.param(Good, "pass", id="good"),
    ],
)
def test_a_guard_that_reads_another_target_than_the_router_is_found(
    tmp_path: Path, server: type[Good], verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-18", profile=PROFILE)
    assert found.verdicts == {"AUTH-18": verdict}, found.output
