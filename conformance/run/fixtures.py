"""What checks ask for by name: the line to the target, its channels, keys, clients, time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.soaking import Soak
from conformance.channels.clock import TargetClock
from conformance.channels.http.admin import Administrator
from conformance.channels.http.exhaustion import Exhaustion
from conformance.channels.http.good_case import GoodCase
from conformance.channels.http.oauth import Flows
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.keys_seen import KeyWitness
from conformance.channels.log import LogStream
from conformance.channels.passage import Passage
from conformance.channels.programs.launch import Launched, Launcher
from conformance.channels.programs.pull_request import PullRequestCheck
from conformance.channels.programs.repository import DependencyAudit, SourceLint
from conformance.forge.keys import Keys, TenantKeys, random_key
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.profile.tenants import Tenant
from conformance.requirement import requirement_of
from conformance.run.outcome import ItemOutcome
from conformance.run.session import JudgeSession
from conformance.verdicts import NotAssessedError, establish, telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.programs.migration import MigrationDrill
    from conformance.channels.programs.pooled import PooledServer, ServerAtWork
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.auditor import TableTrail
    from conformance.channels.sql.owner import TrailOwner
    from conformance.channels.trail.reader import AuditReader
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor
    from conformance.timing.stopwatch import Stopwatch

SESSION = pytest.StashKey[JudgeSession]()
OUTCOME = pytest.StashKey[ItemOutcome]()


@pytest.fixture(autouse=True)
def _turn(request: pytest.FixtureRequest) -> Iterator[None]:
    session = request.config.stash.get(SESSION, None)
    if session is None:
        yield
        return
    with session.turn(alone=requirement_of(request.node).alone):
        yield


@pytest.fixture(autouse=True)
def _rested(request: pytest.FixtureRequest, _turn: None) -> Iterator[None]:
    """Let a tenant that was brought to its limit recover, for checks that do not ask for that.

    Workers cannot see what another one has at its limit: there it recovers at once.
    """
    session = request.config.stash.get(SESSION, None)
    if session is None:
        yield
        return
    passage: Passage = request.getfixturevalue("passage")
    if "exhaustion" not in request.fixturenames:
        _let_recover(session, passage)
    yield
    if session.is_worker:
        _let_recover(session, passage)


def _let_recover(session: JudgeSession, passage: Passage) -> None:
    if session.held.tenant is not None:
        passage.of(session.target.limits.tenant_window_seconds + 1)


# -- fixtures ---------------------------------------------------------------------------------


@pytest.fixture
def session(request: pytest.FixtureRequest) -> JudgeSession:
    """The run this check belongs to."""
    return request.config.stash[SESSION]


@pytest.fixture
def target(session: JudgeSession) -> Target:
    """What the profile tells of the target."""
    return session.target


@pytest.fixture
def discovery(session: JudgeSession) -> Discovery:
    """What the target told of itself before the run."""
    return session.discovery


@pytest.fixture
def redactor(session: JudgeSession) -> Redactor:
    """The redactor every piece of evidence passes."""
    return session.redactor


@pytest.fixture
def addresses(session: JudgeSession) -> AddressPool:
    """Client addresses that nobody else of this run has."""
    return session.pool


@pytest.fixture
def transcript(request: pytest.FixtureRequest, session: JudgeSession) -> Iterator[Transcript]:
    """The evidence of this check."""
    kept = Transcript(session.redactor, session.heard)
    outcome = ItemOutcome(requirement_of(request.node), request.node.name)
    request.node.stash.setdefault(OUTCOME, outcome).transcript = kept
    with telling(kept.established):
        yield kept


@pytest.fixture
def wire(
    request: pytest.FixtureRequest, session: JudgeSession, transcript: Transcript
) -> Iterator[Wire]:
    """HTTP to the target, from a client address of this check's own."""
    entry = requirement_of(request.node)
    meets_limits = entry.alone and not entry.heeds_limits
    line = Wire(
        session.target,
        session.discovery.preferred,
        session.budget(),
        transcript,
        courtesy=session.courtesy(meets_limits=meets_limits),
        pause=session.pause(entry),
        meets_limits=meets_limits,
        listing=session.discovery.listing,
    )
    yield line
    line.close()


@pytest.fixture
def stopwatch(
    wire: Wire, addresses: AddressPool, redactor: Redactor, session: JudgeSession
) -> Stopwatch:
    """Compares credentials by the time their refusal takes."""
    from conformance.timing.stopwatch import Stopwatch

    return Stopwatch(wire, addresses.fresh, redactor, session.started_session)


@pytest.fixture
def soak(session: JudgeSession, target: Target) -> Soak:
    """Reads for as long as ``--soak`` says; none without it."""
    return Soak(session.options.soak_seconds, target.limits)


@pytest.fixture
def keys(target: Target) -> Keys:
    """The two tenants' keys."""
    return Keys(TenantKeys(supplied(target.tenants).a), TenantKeys(supplied(target.tenants).b))


@pytest.fixture
def app_sql(target: Target, transcript: Transcript) -> AppDatabase:
    """SQL as the server's runtime role."""
    from conformance.channels.sql.app_role import AppDatabase

    return AppDatabase(supplied(target.channels.app_sql), transcript.note)


@pytest.fixture
def auditor(target: Target) -> Iterator[AuditReader]:
    """The audit trail."""
    from conformance.channels.trail.opening import trail_of

    with closing(trail_of(target)) as reader:
        yield reader


@pytest.fixture
def trail_table(target: Target) -> Iterator[TableTrail]:
    """The audit trail as a table, and the database it stands in."""
    from conformance.channels.trail.opening import table_of

    with closing(table_of(target)) as reader:
        yield reader


@pytest.fixture
def owner(target: Target) -> TrailOwner:
    """SQL as the owner of the trail."""
    from conformance.channels.sql.owner import TrailOwner

    channels = target.channels
    return TrailOwner(
        supplied(channels.owner),
        supplied(channels.auditor),
        target.fields.trail,
        target.events.outcomes,
    )


@pytest.fixture
def log(target: Target) -> Iterator[LogStream]:
    """The server's log."""
    with closing(LogStream(supplied(target.channels.log), target.fields.log)) as stream:
        yield stream


@pytest.fixture
def passage(target: Target, session: JudgeSession) -> Passage:
    """Time at the target."""
    channel = target.channels.clock
    clock = TargetClock(channel, session.pace.age) if channel else None
    return Passage(clock, session.options.patience, session.held.forget)


@pytest.fixture(scope="session")
def session_launcher(request: pytest.FixtureRequest) -> Launcher:
    """Further processes of the target, for fixtures that outlive a check."""
    return Launcher(supplied(request.config.stash[SESSION].target.channels.launch))


@pytest.fixture(scope="session")
def several(session_launcher: Launcher) -> Iterator[Launched]:
    """A server of several worker processes."""
    words = session_launcher.channel.several_workers
    if not words:
        raise NotAssessedError(f"supply {Channel.WORKERS.supplied_by}", Channel.WORKERS)
    with session_launcher.start(more=words) as process:
        establish(process.settle() is None, f"the workers start: {process.output()[-300:]}")
        yield process


@pytest.fixture(scope="module")
def pool(request: pytest.FixtureRequest) -> Iterator[PooledServer]:
    """A process of the target with tapped database connections; the checks of a file share it."""
    from conformance.channels.programs.pooled import pooled_server

    channels = request.config.stash[SESSION].target.channels
    with pooled_server(supplied(channels.pool), supplied(channels.app_sql)) as server:
        yield server


@pytest.fixture
def server_at_work(
    request: pytest.FixtureRequest, target: Target, session: JudgeSession, wire: Wire
) -> Iterator[ServerAtWork]:
    """The server with its roles: on tapped connections, or else by what its database shows."""
    from conformance.channels.programs.pooled import ServerAtWork
    from conformance.channels.sql.activity import watching

    def has(one: Channel) -> bool:
        return target.has(one) and one not in session.options.without

    if has(Channel.POOL):
        pool: PooledServer = request.getfixturevalue("pool")
        yield ServerAtWork(wire.at(pool.url(wire.path)), pool.roles_during)
        return
    channels = target.channels
    dsns = [supplied(channels.app_sql).dsn]
    dsns += [supplied(channels.owner).dsn] if has(Channel.OWNER) else []
    dsns += [supplied(supplied(channels.auditor).dsn)] if has(Channel.TRAIL_TABLE) else []
    with watching(dsns) as activity:
        yield ServerAtWork(wire, activity.roles_during)


@pytest.fixture
def launcher(session_launcher: Launcher) -> Launcher:
    """Further processes of the target."""
    return session_launcher


@pytest.fixture
def lint(target: Target) -> SourceLint:
    """The lint command of the target's source."""
    return SourceLint(supplied(target.channels.repository).lint)


@pytest.fixture
def security_lint(target: Target) -> SourceLint:
    """The lint command that looks for dangerous code."""
    return SourceLint(supplied(target.channels.repository).security_lint)


@pytest.fixture
def audit(target: Target) -> DependencyAudit:
    """The audit of the target's dependencies."""
    return DependencyAudit(supplied(target.channels.repository).audit)


@pytest.fixture
def pull_request(target: Target) -> PullRequestCheck:
    """The check of a pull request's body."""
    return PullRequestCheck(supplied(supplied(target.channels.repository).pull_request))


@pytest.fixture
def migration(target: Target) -> MigrationDrill:
    """A migration that must fail, and the database it fails on."""
    from conformance.channels.programs.migration import MigrationDrill

    return MigrationDrill(supplied(target.channels.migration))


@pytest.fixture
def good_case(wire: Wire, target: Target) -> GoodCase:
    """The good case, established: a right key works, or at least the target is there."""
    case = GoodCase(wire, target)
    case.establish()
    return case


@pytest.fixture
def administrator(wire: Wire, target: Target, redactor: Redactor) -> Administrator:
    """The administrator's route."""
    return Administrator(wire, target, redactor)


@pytest.fixture
def key_witness(
    request: pytest.FixtureRequest,
    administrator: Administrator,
    session: JudgeSession,
    transcript: Transcript,
) -> KeyWitness:
    """What becomes of keys, seen through whatever there is."""
    target, needs = session.target, (Channel.APP_SQL, Channel.SPARE_TENANT)
    has_rows = all(target.has(one) and one not in session.options.without for one in needs)
    app_sql = request.getfixturevalue("app_sql") if has_rows else None
    tenants = target.tenants
    spare = tenants.spare if tenants else None
    spared = {"the spared tenant's key": spare.key} if spare else {}
    pairs = {"tenant A's key": tenants.a.key, "tenant B's key": tenants.b.key} if tenants else {}
    return KeyWitness(administrator, app_sql, spared, pairs, transcript.note)


@pytest.fixture
def flows(wire: Wire, redactor: Redactor) -> Flows:
    """Flows to a platform, begun and finished over the OAuth routes."""
    return Flows(wire, redactor)


@pytest.fixture
def keys_or_random(target: Target) -> Keys:
    """The tenants' keys; where the profile has none, keys of the right form that fit nowhere."""
    if target.tenants is not None:
        return Keys(TenantKeys(target.tenants.a), TenantKeys(target.tenants.b))
    nobody = TenantKeys(Tenant.model_construct(id="", key=random_key()))
    return Keys(nobody, nobody)


@pytest.fixture
def spare_key(target: Target, administrator: Administrator, passage: Passage) -> str:
    """A working key of the tenant whose limits may be exhausted, with every window empty."""
    passage.of_windows(target.limits)
    if administrator.can_mint:
        return administrator.mint()
    return supplied(supplied(target.tenants).spare).key


@pytest.fixture
def exhaustion(
    request: pytest.FixtureRequest,
    session: JudgeSession,
    wire: Wire,
    addresses: AddressPool,
    target: Target,
    passage: Passage,
) -> Exhaustion:
    """Addresses and tenants at their limits."""
    return Exhaustion(
        wire,
        target,
        addresses,
        session.held,
        fresh_key=lambda: request.getfixturevalue("spare_key"),
        pass_windows=lambda: passage.of_windows(target.limits),
    )


@pytest.fixture
def guest(target: Target, administrator: Administrator) -> TenantKeys:
    """The tenant on which most requests are spent: the spared one, or else the second."""
    tenants = supplied(target.tenants)
    if tenants.spare is None or not administrator.can_mint:
        return TenantKeys(tenants.b)
    return TenantKeys(tenants.spare.model_copy(update={"key": administrator.mint()}))
