"""One run of the judge: its target, what discovery found, and what its workers must know."""

from __future__ import annotations

import json
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.clock import TargetClock
from conformance.channels.http.discovery import Discovery, discover
from conformance.channels.http.endpoint import StrangerError, require_endpoint
from conformance.channels.http.exhaustion import HeldAtLimit
from conformance.channels.http.heard import Messages
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.programs import ending, running
from conformance.forge import guise
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget, KeyPace
from conformance.manners.courtesy import Courtesy
from conformance.manners.gait import Gait
from conformance.manners.stalls import MOST_SECONDS, Stalls
from conformance.manners.turn import let_go, taken
from conformance.profile import reading as profiles
from conformance.run import options as command_line
from conformance.run.credentials import CredentialError, Credentials
from conformance.run.judgeable import require_known_checks
from conformance.run.plan import Plan
from conformance.text.plain import powerless
from conformance.text.redaction import Redactor
from conformance.verdicts import NotEstablishedError
from conformance.waiting import announced

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.model import Requirement
    from conformance.profile.target import Target
    from conformance.run.options import Options

TURN_SECONDS = 3600.0
"""How long one check may hold the target, besides the time it lets pass on purpose."""

_PACED = frozenset({"BLOCK", "RATE", "TIME"})
"""Areas that judge how the target takes many requests in a time, and how long one takes."""
_DISCOVERY_SECONDS = MOST_SECONDS
"""A target that hangs is given up then."""


@dataclass
class JudgeSession:
    """What every check of a run shares. Workers rebuild it from what the controller hands over.

    ``started_session`` is the id of the session that a target leads which this run has started.
    """

    options: Options
    target: Target
    discovery: Discovery
    redactor: Redactor
    pool: AddressPool
    lock: Path
    plan: Plan
    started: running.RunningTarget | None = None
    started_session: int | None = None
    held: HeldAtLimit = field(default_factory=HeldAtLimit)
    heard: Messages = field(default_factory=Messages)
    stalls: Stalls = field(default_factory=Stalls)
    credentials: Credentials | None = None
    is_worker: bool = False

    def renew(self) -> None:
        """Get those credentials anew that would end soon. NotEstablishedError where that fails."""
        if self.credentials is not None and self.target.recipes:
            try:
                self.target = self.credentials.fill(self.target, self.budget())
            except CredentialError as error:
                raise NotEstablishedError(f"a credential could not be renewed: {error}") from None

    def budget(self) -> Budget:
        """Return a budget for one check; where there is one address, all checks share one."""
        if self.target.is_loopback:
            return Budget(self.pool, self.target.limits, self.pace, self.stalls)
        return self._only_budget

    def courtesy(self, *, meets_limits: bool) -> Courtesy | None:
        """Return what has a check heed Retry-After; None for one that means to reach the limit.

        On loopback a check is alone at its address, and what it is told holds nobody else up.
        """
        if meets_limits:
            return None
        return self._courtesy.anew() if self.target.is_loopback else self._courtesy

    def pause(self, entry: Requirement) -> Callable[[], None]:
        """Return what has a check pause in disguise, other than where the pace is judged."""
        is_ordinary = not entry.alone and entry.area not in _PACED
        return Gait().pause if self.options.is_disguised and is_ordinary else lambda: None

    @cached_property
    def _courtesy(self) -> Courtesy:
        return Courtesy(self.options.patience)

    @cached_property
    def pace(self) -> KeyPace:
        """The pace of the keys, which all checks of this run share.

        Where checks run one by one, what has to pass of a window passes by the target's clock.
        """
        pace = KeyPace(self.target.limits, self.ledger)
        if (channel := self.target.channels.clock) and not self.is_worker:
            clock = TargetClock(channel, pace.age)

            def leap(seconds: float) -> None:
                self.held.forget()
                clock.advance(seconds)

            pace.leap = leap
        return pace

    @cached_property
    def _only_budget(self) -> Budget:
        return Budget(self.pool, self.target.limits, self.pace, self.stalls)

    def for_worker(self) -> str:
        """Return what a worker needs to judge the same target."""
        return json.dumps(
            {
                "plan": self.plan.handed(),
                "started_session": self.started_session,
                "discovery": {
                    "alive": self.discovery.alive,
                    "reason": self.discovery.reason,
                    "revisions": self.discovery.revisions,
                },
                "lock": str(self.lock),
            }
        )

    @property
    def ledger(self) -> Path:
        """The file in which all workers enter what they send with working keys."""
        return _ledger(self.lock)

    def told_by(self, worker: str) -> Path:
        """Return the file in which a worker tells what it waits for."""
        return self.lock.with_suffix(f".{worker}")

    @property
    def _turn_seconds(self) -> float:
        return TURN_SECONDS + 2 * self.options.patience + self.options.soak_seconds

    @contextmanager
    def turn(self, *, alone: bool) -> Generator[None]:
        """Hold the target: shared with other workers, or alone."""
        with self.lock.open("a") as handle:
            taken(handle, alone=alone, seconds=self._turn_seconds)
            try:
                yield
            finally:
                let_go(handle)

    def close(self) -> None:
        """Stop a target that this run started; a worker leaves all to the controller."""
        if not self.is_worker:
            _end(self.started, self.lock)


def open_session(config: pytest.Config) -> JudgeSession:
    """Prepare a run: start the target if that is asked for, read the profile, find out revisions.

    Raises pytest.UsageError (exit code 4) with one sentence when it cannot be done.
    """
    options = command_line.parse(config)
    guise.put_on(guise.NEUTRAL if options.is_disguised else guise.OPEN)
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None:
        command_line.require_room(options, config.rootpath)
    try:
        if worker is not None:
            return _in_worker(options, worker)
        return _in_controller(options, Plan.of(options, config.rootpath), config.rootpath)
    except (profiles.ProfileError, running.StartError, StrangerError) as error:
        # It may quote the state file, which the target has written, or an answer of the target's.
        raise pytest.UsageError(powerless(str(error))) from None


def _in_controller(options: Options, plan: Plan, root: Path) -> JudgeSession:
    started: running.RunningTarget | None = None
    if plan.start is not None:
        started = running.start(plan.start, root, options.mutant)
        plan = plan.started(started.state)
    lock = Path(tempfile.gettempdir()) / f"hallmark-turn-{secrets.token_hex(8)}"
    try:
        target = plan.target()
        require_known_checks(target)
        lock.touch(mode=0o600, exist_ok=False)
        pool = AddressPool(target, lane=15, is_scattered=options.is_disguised)
        redactor = Redactor(target.secrets())
        stalls = Stalls()
        credentials = Credentials(_store(lock), redactor)
        budget = Budget(pool, target.limits, KeyPace(target.limits, _ledger(lock)), stalls)
        target = _filled(credentials, target, budget, plan)
        discovery = _discover(target, budget, redactor)
    except BaseException:  # Ctrl-C among them
        _end(started, lock)
        raise
    return JudgeSession(
        options,
        target,
        discovery,
        redactor,
        pool,
        lock,
        plan,
        started,
        started_session=None if started is None else started.session,
        stalls=stalls,
        credentials=credentials,
    )


def _filled(credentials: Credentials, target: Target, budget: Budget, plan: Plan) -> Target:
    """Return the target with all its credentials. Raises ProfileError."""
    try:
        return credentials.fill(target, budget)
    except CredentialError as error:
        raise profiles.ProfileError(f"{plan.name}: {error}") from None


def _store(lock: Path) -> Path:
    """Return the file in which all workers find the credentials that were got."""
    return lock.with_suffix(".credentials")


def _ledger(lock: Path) -> Path:
    return lock.with_suffix(".sent")


def _end(started: running.RunningTarget | None, lock: Path) -> None:
    """Stop the target that the run has started, and remove the run's own files."""
    with ending.undisturbed():
        for path in (lock, *lock.parent.glob(f"{lock.name}.*")):
            path.unlink(missing_ok=True)
        if started is not None:
            started.stop()


def _in_worker(options: Options, worker: dict[str, Any]) -> JudgeSession:
    handed = json.loads(worker["hallmark"])
    plan = Plan.taken(handed["plan"])
    found = handed["discovery"]
    lock, target = Path(handed["lock"]), plan.target()
    redactor = Redactor(target.secrets())
    lane = int("".join(filter(str.isdigit, worker["workerid"])) or 0)
    pool = AddressPool(target, lane, is_scattered=options.is_disguised)
    credentials = Credentials(_store(lock), redactor)
    budget = Budget(pool, target.limits, KeyPace(target.limits, _ledger(lock)))
    return JudgeSession(
        options,
        _filled(credentials, target, budget, plan),
        Discovery(found["alive"], found["reason"], tuple(found["revisions"])),
        redactor,
        pool,
        lock,
        plan,
        started_session=handed["started_session"],
        credentials=credentials,
        is_worker=True,
    )


def _discover(target: Target, budget: Budget, redactor: Redactor) -> Discovery:
    """Ask what the target speaks. Raises StrangerError where it is no MCP endpoint at all."""
    key = target.tenants.a.key if target.tenants else None
    wire = Wire(target, "", budget, Transcript(redactor), may_be_silent=True)
    try:
        with announced("asking which protocol it speaks", _DISCOVERY_SECONDS):
            found = discover(wire, key)
            if found.alive and not found.revisions:
                require_endpoint(wire, key, found.openings, redactor)
            return found
    finally:
        wire.close()
