"""What the checks of SCAN share: how a refusal looks, and asking as a scanner does, a little."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from conformance.forge.guise import own_word
from conformance.forge.requests import Request
from conformance.forge.scanners import CERTAIN
from conformance.profile.target import supplied
from conformance.verdicts import NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.manners.addresses import AddressPool
    from conformance.profile.scanner import Scanner
    from conformance.profile.target import Target

T = TypeVar("T")
_KEPT = 4
"""Failures below those that block: one request without a key came first, and one more may come."""
FEW = 8
"""Requests from one address, the controls aside: fewer than block it or than its pace allows."""


def is_refusal(answer: Answer, scanner: Scanner) -> bool:
    """Tell whether triage refused; an answer without a body, as to HEAD, shows the status alone."""
    if answer.status != scanner.status:
        return False
    wanted, told = scanner.body or {}, answer.entries
    return not answer.body or all(told.get(name) == value for name, value in wanted.items())


def clean_path() -> str:
    """Return a path that nobody knows, and no scanner asks for."""
    return f"/{own_word()}"


def key_for_paths(target: Target, addresses: AddressPool) -> str | None:
    """Return the key to ask for paths with; none where no failure can block whoever comes next.

    Without a key a path that is let pass differs from one refused, whatever routes there are.
    """
    tenants = target.tenants
    return None if addresses.is_usable or tenants is None else tenants.a.key


def key_for_calls(target: Target) -> str | None:
    """Return the key to call with: that it is right must not help."""
    return target.tenants.a.key if target.tenants else None


def require_clean(answer: Answer, scanner: Scanner, what: str) -> None:
    """Raise NotEstablishedError where what no scanner sends looks refused as well."""
    establish(
        not is_refusal(answer, scanner),
        f"{what} is not refused as a scanner's request is (got {answer}); if that is no refusal by "
        "triage, declare [scanner] body, which only such a refusal holds",
    )


def few(items: Sequence[T], size: int = FEW) -> Iterator[Sequence[T]]:
    """Yield the items in rows of a few."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def sent_in_turn(
    items: Sequence[T],
    ask: Callable[[Wire, T], Answer],
    clean: Callable[[Wire], Answer],
    *,
    wire: Wire,
    addresses: AddressPool,
    scanner: Scanner,
) -> list[tuple[T, Answer]]:
    """Return what each item is answered, a few of them from each address.

    What is clean is let pass before and after them at each address: so neither pace nor a block
    explains a refusal.
    """
    found: list[tuple[T, Answer]] = []
    most = FEW if scanner.requests is None else max(1, min(FEW, scanner.requests - 2))
    for row in few(items, most):
        line = wire.derived(address=addresses.fresh())
        require_clean(clean(line), scanner, "a request that no scanner sends")
        found += [(item, ask(line, item)) for item in row]
        require_clean(clean(line), scanner, "a request that no scanner sends, after some others,")
    return found


class Script:
    """A client without a credential that asks faster than it may, from an address of its own."""

    def __init__(self, wire: Wire, addresses: AddressPool, target: Target) -> None:
        self.scanner = supplied(target.scanner)
        self.most = self.scanner.requests or 0
        failures = target.limits.auth_failures - _KEPT
        self._more = max(0, min(self.most, failures))
        self._line = wire.derived(address=addresses.fresh(), meets_limits=True)
        self._key = key_for_calls(target)
        self._began = time.monotonic()

    def ask(self, path: str | None = None) -> Answer:
        """Ask for a path, or for one that no scanner asks for."""
        return self._line.send(Request("GET", path or clean_path()))

    def spend(self) -> None:
        """Ask as often as it may: once for a path that is clean, else for what is refused anyway.

        Of such requests none fails to authenticate, so that no block comes first.
        """
        require_clean(self.ask(), self.scanner, "a request without a credential")
        probe, left = None, self.most - 1
        for path in CERTAIN:
            if left and probe is None:
                left -= 1
                probe = path if is_refusal(self.ask(path), self.scanner) else None
        for _ in range(left):
            self.ask(probe)

    def beyond(self, path: str | None = None) -> Answer:
        """Return the answer to one request too many.

        A target may not count what it refused: it is asked until it would have counted enough, or
        as often as failures do not block. Raises NotEstablishedError where time ran out, or where
        something else shuts the address.
        """
        answer = self.ask(path)
        for _ in range(self._more):
            if is_refusal(answer, self.scanner):
                return answer
            answer = self.ask(path)
        if is_refusal(answer, self.scanner):
            return answer
        self.require_in_time()
        knock = self._line.knock(self._key)
        if not knock.succeeded:
            raise NotEstablishedError(
                "could not establish that an address is refused for its pace: another guard shut "
                f"it first (a right key got {knock})"
            )
        return answer

    def require_in_time(self) -> None:
        """Raise NotEstablishedError where the requests took longer than what they count in."""
        establish(
            time.monotonic() - self._began < self.scanner.window_seconds,
            f"{2 * self.most} requests take less than {self.scanner.window_seconds} s",
        )
