"""A run that is asked to end ends as interrupted, whatever the request has broken into.

An interrupt is raised wherever the run happens to be. There it may be lost (Python drops what is
raised in a finalizer), or come out as something else: an import, a class statement or pytest's own
account of an error make other exceptions of it. So what counts is that a request came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.programs import ending
from conformance.run import options as command_line

if TYPE_CHECKING:
    from collections.abc import Generator

_CAME = pytest.StashKey[list[int]]()
_INTERRUPTED = int(pytest.ExitCode.INTERRUPTED)


def broke_off(config: pytest.Config, exit_code: int) -> bool:
    """Tell whether a run has not come to its end, which no verdict changes."""
    return exit_code in command_line.PYTEST_BROKE or bool(config.stash.get(_CAME, ()))


class Interruption:
    """The pytest plugin that hears requests to end, for as long as a run lasts."""

    def __init__(self) -> None:
        self._came: list[int] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_cmdline_main(
        self, config: pytest.Config
    ) -> Generator[None, int | pytest.ExitCode | None, int | pytest.ExitCode | None]:
        """Give a run that was asked to end the exit code of that."""
        if not command_line.is_judging(config) or config.option.collectonly:
            return (yield)
        came = config.stash[_CAME] = self._came
        code: int | pytest.ExitCode | None = None
        try:
            with ending.as_interrupts(came):
                code = yield
        except BaseException:
            if not came:
                raise
        return _INTERRUPTED if came else code

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        """Begin no check once a request has come."""
        self._heed()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Let a process whose workers make the checks begin no more of them, either."""
        self._heed()

    def _heed(self) -> None:
        if self._came:
            raise KeyboardInterrupt
