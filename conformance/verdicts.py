"""The one place where verdicts are decided.

Only an assertion that failed in a check's own body accuses the target. Whatever else goes wrong
is ours, or undecided: inconclusive.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.model import Channel, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

CHECKS = Path(__file__).parent / "checks"
"""One folder an area; what its checks share stands in modules that begin with an underscore."""


def check_modules() -> list[str]:
    """Return the dotted name of every module that holds checks, area by area."""
    package = CHECKS.parent.parent
    return [
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in sorted(CHECKS.glob("*/[!_]*.py"))
    ]


class NotEstablishedError(Exception):
    """The good case did not hold, so a refusal would prove nothing."""


class UndecidedError(NotEstablishedError):
    """The statistics have not decided; the message says about how much more it would take."""


class NotAssessedError(Exception):
    """The check found out that a channel, feature or permission is absent."""

    def __init__(self, reason: str, *missing: Channel) -> None:
        super().__init__(reason)
        self.missing = missing


class NotApplicableError(NotAssessedError):
    """The profile says that what one check looks at is not there: the others decide."""


_TOLD: ContextVar[Callable[[], None] | None] = ContextVar("told", default=None)


@contextmanager
def telling(established: Callable[[], None]) -> Generator[None]:
    """Have ``established`` called each time that a check has established something."""
    token = _TOLD.set(established)
    try:
        yield
    finally:
        _TOLD.reset(token)


def establish(condition: object, what: str) -> None:
    """Require the good case before anything is changed.

    Raises NotEstablishedError, hence *inconclusive*: a server on which nothing works refuses
    everything, and that must not read as security.
    """
    if not condition:
        raise NotEstablishedError(f"could not establish that {what}")
    if (told := _TOLD.get()) is not None:
        told()


def judge(phase: str, error: BaseException | None) -> Verdict:
    """Return the verdict of one phase (``setup``, ``call``, ``teardown``) of a check."""
    if error is None:
        return Verdict.PASS
    if isinstance(error, NotAssessedError):
        return Verdict.NOT_ASSESSED
    if phase == "call" and isinstance(error, AssertionError) and _raised_in_a_check(error):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE


def _raised_in_a_check(error: BaseException) -> bool:
    last = _innermost(error.__traceback__)
    if last is None:
        return False
    path = Path(last.tb_frame.f_code.co_filename)
    return CHECKS in path.parents and not path.name.startswith("_")


def _innermost(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback
