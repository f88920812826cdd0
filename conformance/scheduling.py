"""How pytest-xdist shares out the checks: those that need the target alone stay with one worker.

pytest-xdist's own groups go by a suffix of node ids that pytest 9.2 no longer shows to it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from conformance.catalogue import requirements
from conformance.model import Channel

if TYPE_CHECKING:
    import pytest

    from conformance.model import Requirement

ALONE = "alone"


class OneWorkerAlone(LoadScopeScheduling):
    """Gives checks out one by one, but for two kinds, each of which one worker gets as a whole.

    Those that need the target alone share what one of them has brought to its limit; those of one
    file that start processes of the target share such a process.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Return the name of the group that a check belongs to; its own where it is by itself."""
    path, _, rest = nodeid.partition("::")
    entry = _requirement_of(path, rest.partition("[")[0])
    if entry.alone:
        return ALONE
    return path if Channel.LAUNCH in entry.needs else nodeid


def _requirement_of(path: str, name: str) -> Requirement:
    module = import_module(path.removesuffix(".py").replace("/", "."))
    marks: list[pytest.Mark] = getattr(module, name).pytestmark
    return requirements()[next(mark.args[0] for mark in marks if mark.name == "requirement")]
