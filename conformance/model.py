"""The words of the judge: requirements, channels, verdicts, findings. Standard library only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

RECORD = "run.jsonl"
"""The file of a run's record, in the folder of its report."""
VIOLATION, USAGE, UNDECIDED = 1, 4, 6
"""Exit codes of a run that is not clean (design section 3)."""
_ID = re.compile(r"[A-Z][A-Z0-9]*-\d{2}(-[a-z])?")


class Verdict(StrEnum):
    """What the evidence says of one requirement, gravest last in no sense: see ``combine``."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSED = "not assessed"

    @staticmethod
    def combine(verdicts: list[Verdict]) -> Verdict:
        """Return the verdict on a requirement from those of its checks.

        One violation decides. A requirement of which a part went unseen is never green.
        """
        for gravest in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED):
            if gravest in verdicts:
                return gravest
        return Verdict.PASS if verdicts else Verdict.NOT_ASSESSED


class Severity(StrEnum):
    """The clause's own keyword, never our taste."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Channel(StrEnum):
    """A way to evidence, or a fact about the target, that a check cannot do without."""

    HTTP = "http"
    KEYS = "keys"
    REVOKED_KEY = "revoked-key"
    EXPIRED_KEY = "expired-key"
    CANARIES = "canaries"
    ADMIN = "admin"
    APP_SQL = "app-sql"
    AUDITOR = "auditor"
    LOG = "log"
    CLOCK = "clock"
    LAUNCH = "launch"
    ADDRESSES = "addresses"
    REPOSITORY = "repository"
    SECURITY_LINT = "security-lint"
    AUDIT = "audit"
    PULL_REQUEST = "pull-request"
    SPARE_TENANT = "spare-tenant"
    HEALTH_ROUTE = "health-route"
    ROTATE_ROUTE = "rotate-route"
    REVOKE_ROUTE = "revoke-route"
    AUTH_ROUTE = "auth-route"
    OAUTH_ROUTES = "oauth-routes"
    OAUTH_STATES = "oauth-states"
    OWNER = "owner"
    TRAIL_VERIFIER = "trail-verifier"
    MIGRATION = "migration"
    WORKERS = "workers"
    PING_TOOL = "ping-tool"
    DATA_TOOL = "data-tool"
    VALIDATED_TOOL = "validated-tool"
    FAILING_TOOL = "failing-tool"
    BY_ID_TOOL = "by-id-tool"
    OFFICIAL_CLIENT = "official-client"
    ADDRESS_LIMIT = "address-limit"
    TENANT_LIMIT = "tenant-limit"
    FAILURE_LIMIT = "failure-limit"
    REFUSAL_BODY = "refusal-body"
    LIMIT_BODY = "limit-body"
    REQUEST_ID = "request-id"

    @property
    def supplied_by(self) -> str:
        """The option or profile entry that would supply this channel."""
        return _SUPPLIED_BY[self]


_SUPPLIED_BY = {
    Channel.HTTP: "--target=URL",
    Channel.KEYS: "the profile's [tenants.a] and [tenants.b], each with id and key",
    Channel.REVOKED_KEY: "the profile's tenants.a.revoked_key",
    Channel.EXPIRED_KEY: "the profile's tenants.a.expired_key",
    Channel.CANARIES: "the profile's canary in [tenants.a] and in [tenants.b]: words of its data",
    Channel.ADMIN: "the profile's [admin] token",
    Channel.APP_SQL: "the profile's [channels.app_sql]: SQL as the server's runtime role",
    Channel.AUDITOR: "the profile's [channels.auditor]: SQL that may read the audit trail",
    Channel.LOG: "the profile's [channels.log]: the server's log file",
    Channel.CLOCK: "the profile's [channels.clock]: a file that moves the server's clock",
    Channel.LAUNCH: "the profile's [channels.launch]: the command that starts the server",
    Channel.ADDRESSES: "a target on loopback, where each check has a client address of its own",
    Channel.REPOSITORY: "the profile's [channels.repository]: the lint command of its source",
    Channel.SECURITY_LINT: "the profile's channels.repository.security_lint: Bandit or its like",
    Channel.AUDIT: "the profile's channels.repository.audit: what looks for known advisories",
    Channel.PULL_REQUEST: (
        "the profile's [channels.repository.pull_request]: what checks a pull request's body"
    ),
    Channel.SPARE_TENANT: (
        "the profile's [tenants.spare]: a tenant whose limits may be exhausted and keys rotated"
    ),
    Channel.HEALTH_ROUTE: "the profile's [routes] health",
    Channel.ROTATE_ROUTE: "the profile's [routes] rotate_key",
    Channel.REVOKE_ROUTE: "the profile's [routes] revoke_key",
    Channel.AUTH_ROUTE: "the profile's [routes] auth: a path whose limit is that of signing in",
    Channel.OAUTH_ROUTES: "the profile's [oauth]: routes that start and finish a flow",
    Channel.OAUTH_STATES: "the profile's oauth.states_table: what is remembered of open flows",
    Channel.OWNER: "the profile's [channels.owner]: SQL as the owner of the audit trail",
    Channel.TRAIL_VERIFIER: "the profile's [channels.owner] verify: what verifies the trail",
    Channel.MIGRATION: "the profile's [channels.migration]: a migration that must fail",
    Channel.WORKERS: "the profile's channels.launch.several_workers: words for two processes",
    Channel.PING_TOOL: (
        "the profile's [tools] ping: a tool that answers with the caller's tenant (tenantId)"
    ),
    Channel.DATA_TOOL: "the profile's [tools] tenant_data: a tool that reads tenant data",
    Channel.VALIDATED_TOOL: "the profile's [tools.validated]: a tool with an enum argument",
    Channel.FAILING_TOOL: "the profile's [tools.failing]: a tool that raises what it is told",
    Channel.BY_ID_TOOL: "the profile's [[tools.by_id]]: each tool that takes an object's id",
    Channel.OFFICIAL_CLIENT: "pip install 'mcp>=2.3': the official Python client",
    Channel.ADDRESS_LIMIT: "the profile's [limits] address_requests: what one address may ask for",
    Channel.TENANT_LIMIT: "the profile's [limits] tenant_requests: what one tenant may ask for",
    Channel.FAILURE_LIMIT: "the profile's [limits] auth_failures: how many block an address",
    Channel.REFUSAL_BODY: "the profile's [answers] unauthorized: what the body of a 401 holds",
    Channel.LIMIT_BODY: "the profile's [answers] rate_limited: what the body of a 429 holds",
    Channel.REQUEST_ID: "the profile's [headers] request_id: the header that carries it",
}


@dataclass(frozen=True)
class Requirement:
    """One clause of the catalogue.

    ``id`` is stable for ever; ``remedy`` tells an engineer what to change in a server that fails,
    with code between backticks; ``alone`` marks a check that must have the target to itself,
    because it moves the clock or exhausts a limit that other checks share.
    """

    id: str
    title: str
    clause: str
    remedy: str
    source: str
    severity: Severity
    area: str
    area_title: str
    needs: tuple[Channel, ...]
    references: tuple[str, ...] = ()
    alone: bool = False

    def __post_init__(self) -> None:
        """Refuse an entry that could not be cited."""
        if not _ID.fullmatch(self.id) or not self.id.startswith(f"{self.area}-"):
            raise ValueError(f"{self.id}: not an id of area {self.area}")
        for name in ("title", "clause", "remedy", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"{self.id}: {name} is empty")


@dataclass(frozen=True)
class CheckResult:
    """What one check found. ``expected`` and ``seen`` are empty unless it failed."""

    name: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    seen: str = ""
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    evidence: tuple[dict[str, str], ...] = ()
    sent: dict[str, int] = field(default_factory=dict[str, int])


class Standing(StrEnum):
    """How a verdict stands to a failure that the profile knows of."""

    EXPECTED = "expected"
    UNDECIDED = "undecided"
    PASSED = "unexpected pass"
    PAST = "past its date"

    @property
    def fails_the_run(self) -> bool:
        """Whether the profile must be changed before a run can end well."""
        return self in {Standing.PASSED, Standing.PAST}


@dataclass(frozen=True)
class Known:
    """What the profile knows of a requirement's failure. ``until`` is its last day."""

    reason: str
    until: date
    is_past: bool

    def standing(self, verdict: Verdict) -> Standing:
        """Return how a verdict stands to this."""
        if verdict is Verdict.PASS:
            return Standing.PASSED
        if self.is_past:
            return Standing.PAST
        return Standing.EXPECTED if verdict is Verdict.FAIL else Standing.UNDECIDED


@dataclass(frozen=True)
class Finding:
    """The verdict on one requirement, with what it rests on.

    ``known`` is there where the profile knows that the requirement fails.
    """

    requirement: Requirement
    checks: tuple[CheckResult, ...]
    rerun: str = ""
    known: Known | None = None
    evidence_limit: int = field(default=12, repr=False)

    @property
    def verdict(self) -> Verdict:
        """The combined verdict of all checks."""
        return Verdict.combine([check.verdict for check in self.checks])

    @property
    def deciding(self) -> CheckResult | None:
        """The first check whose verdict is the finding's."""
        return next((check for check in self.checks if check.verdict is self.verdict), None)

    @property
    def standing(self) -> Standing | None:
        """How the verdict stands to what the profile knows; None where it knows nothing."""
        return self.known.standing(self.verdict) if self.known else None

    @property
    def fails_the_run(self) -> bool:
        """Whether this alone makes the run end as one with a violation."""
        if self.standing is None:
            return self.verdict is Verdict.FAIL
        return self.standing.fails_the_run

    def as_record(self) -> dict[str, Any]:
        """Return the finding as one line of ``run.jsonl`` (design section 3)."""
        requirement, deciding = self.requirement, self.deciding
        ordered = sorted(self.checks, key=lambda check: check is not deciding)
        evidence = [item for check in ordered for item in check.evidence]
        missing = sorted({channel for check in self.checks for channel in check.missing})
        return {
            "kind": "finding",
            "id": requirement.id,
            "verdict": self.verdict.value,
            "title": requirement.title,
            "clause": requirement.clause,
            "remedy": requirement.remedy,
            "source": requirement.source,
            "area": requirement.area,
            "area_title": requirement.area_title,
            "severity": requirement.severity.value,
            "reason": deciding.reason if deciding else "",
            "expected": deciding.expected if deciding else "",
            "seen": deciding.seen if deciding else "",
            "evidence": evidence[: self.evidence_limit],
            "seconds": round(sum(check.seconds for check in self.checks), 4),
            "sent": dict(sum((Counter(check.sent) for check in self.checks), Counter[str]())),
            "needs": [need.value for need in requirement.needs],
            "missing": missing,
            "references": list(requirement.references),
            "checks": [
                {"name": check.name, "verdict": check.verdict.value, "reason": check.reason}
                for check in self.checks
            ],
            "rerun": self.rerun,
            "known": self._known_record(),
        }

    def _known_record(self) -> dict[str, str] | None:
        if self.known is None or self.standing is None:
            return None
        return {
            "reason": self.known.reason,
            "until": self.known.until.isoformat(),
            "standing": self.standing.value,
        }
