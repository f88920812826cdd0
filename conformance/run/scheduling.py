"""How pytest-xdist shares out the checks: those that would disturb each other stay with one worker.

pytest-xdist's own groups go by a suffix of node ids that pytest 9.2 no longer shows to it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from conformance.catalogue import requirements
from conformance.model import Channel
from conformance.requirement import mark_of
from conformance.verdicts import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Requirement

ALONE = "alone"
ROTATING = "rotating"
VAULT = "vault"


class OneWorkerAlone(LoadScopeScheduling):
    """Gives checks out one by one, but for four kinds, each of which one worker gets as a whole.

    Those that need the target alone share what one of them has brought to its limit. Those that
    rotate one tenant's keys would see each other's where they look for what a rotation left as it
    was. Those that store a tenant's secret put it in each other's place. Those of one file that
    start processes of the target share such a process.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Return the name of the group that a check belongs to; its own where it is by itself."""
    entry, _ = requirement_and_needs(nodeid)
    if entry.alone:
        return ALONE
    if entry.rotates:
        return ROTATING
    if Channel.VAULT in entry.needs:
        return VAULT
    return nodeid.partition("::")[0] if Channel.LAUNCH in entry.needs else nodeid


def requirement_and_needs(nodeid: str) -> tuple[Requirement, tuple[Channel, ...]]:
    """Return the requirement of a check, and the channels that the check needs."""
    mark = mark_of(_check(nodeid))
    entry = requirements()[mark.args[0]]
    return entry, (*entry.needs, *mark.kwargs.get("also_needs", ()))


def _check(nodeid: str) -> Callable[..., None]:
    path, _, rest = nodeid.partition("::")
    inside = PurePosixPath(path).with_suffix("").parts[-2:]  # the area's folder and the module
    module = import_module(".".join((CHECKS.parent.name, CHECKS.name, *inside)))
    return getattr(module, rest.partition("[")[0])
