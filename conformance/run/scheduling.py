"""How pytest-xdist shares out the checks: those that would disturb each other stay with one worker.

pytest-xdist's own groups go by a suffix of node ids that pytest 9.2 no longer shows to it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from conformance.catalogue import requirements
from conformance.model import Channel
from conformance.requirement import mark_of
from conformance.verdicts import CHECKS

ALONE = "alone"
ROTATING = "rotating"


class OneWorkerAlone(LoadScopeScheduling):
    """Gives checks out one by one, but for three kinds, each of which one worker gets as a whole.

    Those that need the target alone share what one of them has brought to its limit. Those that
    rotate one tenant's keys would see each other's where they look for what a rotation left as it
    was. Those of one file that start processes of the target share such a process.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Return the name of the group that a check belongs to; its own where it is by itself."""
    path, _, rest = nodeid.partition("::")
    inside = PurePosixPath(path).with_suffix("").parts[-2:]  # the area's folder and the module
    module = import_module(".".join((CHECKS.parent.name, CHECKS.name, *inside)))
    check = getattr(module, rest.partition("[")[0])
    entry = requirements()[mark_of(check).args[0]]
    if entry.alone:
        return ALONE
    if entry.rotates:
        return ROTATING
    return path if Channel.LAUNCH in entry.needs else nodeid
