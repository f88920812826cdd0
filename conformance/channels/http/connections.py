"""What all lines of one check share: connections, sessions, and which keys are good or paced."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from conformance.channels.http.sessions import OpenSessions
from conformance.channels.http.transport import Clients
from conformance.manners.courtesy import DECLARE, WITH_OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.manners.courtesy import Courtesy
    from conformance.profile.signing import Way
    from conformance.profile.target import Target


@dataclass
class Connections:
    """What the lines of one check share: connections by address, and the keys known to be good.

    Those whose tenant must not be exhausted are paced; the spared tenant's are not. ``payers`` are
    the keys that what comes beside them counts as, such as a session token of the same tenant.
    ``way`` is how all credentials come that are sent, None for each as the profile says. Where
    there is ``courtesy``, what the target asks for is done when a limit is reached; where a check
    ``meets_limits`` on purpose, a refusal for want of room is an answer. Each waits for ``pause``.

    ``lock`` guards what several threads of a check would otherwise make twice. ``message_ids``
    follow that of the opening, for each key alike, as with clients that know nothing of each
    other. An id may be used once in a session: of two, a server may answer only one.
    """

    clients: Clients = field(default_factory=Clients)
    sessions: OpenSessions = field(default_factory=OpenSessions)
    good_keys: set[str] = field(default_factory=set[str])
    paced_keys: frozenset[str] = frozenset()
    payers: dict[str, str] = field(default_factory=dict[str, str])
    way: Way | None = None
    courtesy: Courtesy | None = None
    pause: Callable[[], None] = lambda: None
    meets_limits: bool = False
    paths: dict[str, str] = field(default_factory=dict[str, str])
    listing: str = "tools/list"
    message_ids: defaultdict[str, Iterator[int]] = field(
        default_factory=lambda: defaultdict[str, "Iterator[int]"](lambda: count(2))
    )
    # bounded: held for an exchange, or the pace of a key: each has its bound
    lock: threading.RLock = field(default_factory=threading.RLock)

    def trust(self, key: str, payer: str | None, path: str | None) -> None:
        """Count a key as good, on the account of another one and at a path of its own if any."""
        self.good_keys.add(key)
        if payer is not None:
            self.payers[key] = payer
        if path:
            self.paths[key] = path

    def for_limits(self) -> Connections:
        """Return the same where a refusal for want of room is an answer, however long it lasts."""
        return replace(self, courtesy=None, meets_limits=True)

    def by(self, way: Way | None) -> Connections:
        """Return the same where credentials come by one way, whichever they are."""
        return self if way is None else replace(self, way=way)

    def of_another_process(self) -> Connections:
        """Return the same for a process of the target whose sessions and limits are its own."""
        return replace(self, sessions=OpenSessions(), paced_keys=frozenset[str](), courtesy=None)

    def remedy(self, key: str | None) -> str:
        """Return what keeps a run from a limit that a request with this key has met."""
        with_others = key in self.good_keys and key not in self.paced_keys
        return WITH_OTHERS if with_others else DECLARE


def connections_of(target: Target) -> Connections:
    """Return connections to a target, with what its profile tells of keys."""
    clients = Clients(target.target.ca_bundle)
    if (tenants := target.tenants) is None:
        return Connections(clients)
    return Connections(
        clients,
        good_keys=tenants.good_keys(),
        paced_keys=tenants.paced_keys(),
        payers=tenants.payers(),
        paths=tenants.paths(),
    )
