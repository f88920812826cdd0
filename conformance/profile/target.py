"""A target as the profile describes it, frozen. Every name a server may choose has our default."""

from __future__ import annotations

import ipaddress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr

from conformance.profile.authorization import Authorization
from conformance.profile.credentials import to_be_got
from conformance.profile.delivery import Delivery, Executions, World
from conformance.profile.events import Events
from conformance.profile.fields import Fields
from conformance.profile.gates import Repository  # noqa: TC001 -- pydantic reads it
from conformance.profile.listening import Listener  # noqa: TC001 -- pydantic reads it
from conformance.profile.mail import Mail
from conformance.profile.memory import Memory  # noqa: TC001 -- pydantic reads it
from conformance.profile.oauth import OAuth  # noqa: TC001 -- pydantic reads it
from conformance.profile.orgs import Orgs
from conformance.profile.policy import Policy
from conformance.profile.programs import Launch, Migration, Pool  # noqa: TC001 -- pydantic reads
from conformance.profile.routes import Headers, Routes
from conformance.profile.scanner import Scanner  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import (
    KnownFailure,
    Reason,
    Secret,
    Section,
    secrets_in,
)
from conformance.profile.signing import Sessions, Signing, Way
from conformance.profile.tenants import Tenants  # noqa: TC001 -- pydantic reads it
from conformance.profile.tools import Tools
from conformance.profile.vault import Vault
from conformance.profile.written import Auditor, Log  # noqa: TC001 -- pydantic reads them
from conformance.text.tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from conformance.model import Channel
    from conformance.profile.credentials import Recipe

T = TypeVar("T")


def supplied(section: T | None) -> T:
    """Return a section that the check's clause needs. Raises LookupError where it is absent."""
    if section is None:
        raise LookupError("the profile lacks a section that this check's clause should have named")
    return section


class Start(Section):
    """How the suite starts a target; ``{state}``, ``{python}``, ``{mutant}`` are filled in."""

    command: tuple[str, ...]
    mutant_command: tuple[str, ...] = ()
    ready_seconds: float = Field(default=30, gt=0)


class Endpoint(Section):
    """Where the target is.

    ``ca_bundle`` is a PEM file of authorities to trust as well, such as a private one that issued.
    """

    name: str = "target"
    url: str
    ca_bundle: str | None = None


class Admin(Section):
    """The administrator's credential."""

    token: Secret


UNLIMITED = 10**9
"""What stands for the absence of a limit: more than any run sends."""
Count = Annotated[int, Field(ge=0), AfterValidator(lambda count: count or UNLIMITED)]


class DeclaredLimits(Section):
    """The limits the target declares; counts and seconds.

    A run stays below the defaults, too, but judges the three counts that may be 0 only where they
    are named. 0 tells that there is no such limit, so that nothing need be kept below it. An open
    stream ends within ``stream_end_seconds`` of its caller's key; one that stands open for longer
    is a violation only where they are named. Of the refusals of one address in a minute,
    ``audited_refusals`` at most have rows of their own in the trail; how many more there were,
    other rows tell within ``refusals_told_seconds``. While the database is silent, a call is
    refused within ``silence_seconds``. No caller waits for another more than ``delay_seconds``. One
    principal may have so many ``sessions`` open and one address so many ``connections``; both are
    judged only where they are named.
    """

    address_requests: Count = 100
    address_window_seconds: int = Field(default=60, gt=0)
    tenant_requests: Count = 300
    tenant_window_seconds: int = Field(default=60, gt=0)
    auth_failures: Count = 10
    auth_failure_window_seconds: int = Field(default=3600, gt=0)
    block_seconds: int = Field(default=3600, gt=0)
    rotation_grace_seconds: int = Field(default=86400, gt=0)
    auth_requests: int = Field(default=5, gt=0)
    auth_window_seconds: int = Field(default=900, gt=0)
    stream_end_seconds: int = Field(default=60, gt=0, le=300)
    audited_refusals: int = Field(default=100, gt=0, le=500)
    refusals_told_seconds: int = Field(default=60, gt=0, le=120)
    silence_seconds: int = Field(default=30, gt=0, le=60)
    delay_seconds: float = Field(default=1.0, gt=0, le=10)
    sessions: Count = 256
    connections: Count = 256


class Timing(Section):
    """What the TIME area tolerates, and the seconds each of its checks may take.

    A shift beyond ``microseconds``, or beyond ``share`` of the median if that is more, is a leak;
    so is a delay in more than ``tail_share`` of requests.
    """

    microseconds: float = Field(default=25, gt=0)
    share: float = Field(default=0.01, gt=0, lt=1)
    tail_share: float = Field(default=0.03, gt=0, lt=0.5)
    seconds: float = Field(default=30, gt=0)


class Answers(Section):
    """What the body of a refusal holds, at least; judged only where it is named."""

    unauthorized: dict[str, Any] | None = None
    rate_limited: dict[str, Any] | None = None


class AppSql(Section):
    """SQL as the server's own runtime role.

    A table is named as NAME, which the role's search_path must find, or as SCHEMA.NAME.
    ``unguessable`` names unique constraints over values that nobody can guess, such as 256 random
    bits: that one of those exists elsewhere tells nothing.
    """

    dsn: Secret
    tenant_setting: str = "app.current_tenant_id"
    tenant_column: str = "tenant_id"
    outside_rls: tuple[str, ...] = ("api_keys",)
    data_table: str = "metric_cache"
    insert: str
    unguessable: tuple[str, ...] = ()
    audit_table: str = "audit_log"
    keys_table: str = "api_keys"
    last_used_column: str = "last_used_at"


class Clock(Section):
    """A file that holds the seconds by which the target's clock is ahead."""

    file: str


class Owner(Section):
    """SQL as the owner of the trail, who can do what no one else can: tamper with it.

    The suite holds the table for a moment, and changes rows which it puts back. ``verify`` is the
    command that must find that out, by its exit code.

    ``tables`` are what the trail keeps beside its own table, such as where its chain ends: a trail
    that is put back to an older state is put back with them. That must be found, too, within
    ``notice_seconds``, and by the running server: it refuses, or has the command ``alarm`` end with
    another exit code than 0.
    """

    dsn: Secret
    verify: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    notice_seconds: Annotated[int, Field(ge=1, le=600)] = 10


class Channels(Section):
    """The ways to evidence besides HTTP."""

    app_sql: AppSql | None = None
    auditor: Auditor | None = None
    log: Log | None = None
    clock: Clock | None = None
    launch: Launch | None = None
    memory: Memory | None = None
    pool: Pool | None = None
    repository: Repository | None = None
    owner: Owner | None = None
    migration: Migration | None = None
    listener: Listener | None = None
    signing: Signing | None = None


class Target(Section):
    """Everything the judge knows of a target before it looks."""

    start: Start | None = None
    target: Endpoint
    routes: Routes = Routes()
    headers: Headers = Headers()
    events: Events = Events()
    fields: Fields = Fields()
    answers: Answers = Answers()
    tenants: Tenants | None = None
    admin: Admin | None = None
    limits: DeclaredLimits = DeclaredLimits()
    timing: Timing = Timing()
    tools: Tools = Tools()
    oauth: OAuth | None = None
    authorization: Authorization = Authorization()
    scanner: Scanner | None = None
    sessions: Sessions = Sessions()
    policy: Policy = Policy()
    orgs: Orgs = Orgs()
    delivery: Delivery = Delivery()
    executions: Executions = Executions()
    mail: Mail = Mail()
    vault: Vault = Vault()
    world: World = World()
    channels: Channels = Channels()
    not_applicable: dict[str, Reason] = Field(default_factory=dict[str, Reason])
    known_failures: dict[str, KnownFailure] = Field(default_factory=dict[str, KnownFailure])
    _recipes: dict[str, Recipe] = PrivateAttr(default_factory=dict)

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """How credentials are got that the profile does not hold, by their entries."""
        return self._recipes

    def with_recipes(self, recipes: Mapping[str, Recipe]) -> Self:
        """Return the same target with credentials that are to be got."""
        target = self.model_copy()
        setattr(target, "_recipes", dict(recipes))  # noqa: B010 -- its own, of a copy
        return target

    @property
    def url(self) -> str:
        """The MCP endpoint."""
        return self.target.url

    @property
    def is_loopback(self) -> bool:
        """Whether the target is on this machine's loopback interface (IPv4)."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8")
        except ValueError:
            return False

    @property
    def can_be_listened_for(self) -> bool:
        """Whether there is an address at which the judge hears what the target calls."""
        return self.is_loopback or self.channels.listener is not None

    @property
    def has_official_client(self) -> bool:
        """Whether the official Python client is installed beside the judge."""
        return find_spec("mcp") is not None

    @property
    def has_token_signer(self) -> bool:
        """Whether what signs by private keys is installed beside the judge."""
        return find_spec("cryptography") is not None

    @property
    def has_tokens(self) -> bool:
        """Whether a credential of tenant A's is a signed token, or may be: a session's."""
        if self.tenants is None:
            return False
        return is_token(self.tenants.a.token) or self.sessions.start is not None

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways by which a credential comes, the first being that which counts first."""
        return self.sessions.ways or (self.key_way,)

    @property
    def token_ways(self) -> tuple[Way, ...]:
        """The ways by which a token comes, in their order: a proxy's word is none."""
        return tuple(way for way in self.ways if way.proxy is None) or (self.key_way,)

    @property
    def token_way(self) -> Way:
        """The first way by which a token comes."""
        return self.token_ways[0]

    def way_of(self, *, is_session: bool) -> Way:
        """Return the way by which a session token comes, or else a tenant's key."""
        return self.token_way if is_session else self.key_way

    @property
    def key_way(self) -> Way:
        """The way by which a tenant's key comes."""
        return Way(header=self.headers.api_key, scheme=self.headers.api_key_scheme)

    @property
    def has_admin(self) -> bool:
        """Whether there is a route by which an administrator has anything done to keys."""
        return bool(self.routes.makes_keys or self.routes.revoke_key)

    def has(self, channel: Channel) -> bool:
        """Tell whether the target offers a channel."""
        return all(map(self._supplies, channel.paths))

    def _supplies(self, path: str) -> bool:
        """Tell whether the profile names an entry, and as something; a property just has to hold.

        A limit may be named in order to say that there is none.
        """
        found: Any = self
        for step in path.split("."):
            is_entry = isinstance(found, Section) and step in type(found).model_fields
            is_told = not is_entry or step in found.model_fields_set
            sections = (found, found := getattr(found, step, None))
            if not is_told and not any(getattr(one, "stands_unsaid", False) for one in sections):
                return False
        return bool(found) and not _is_none(found)

    def says_none(self, entry: str) -> bool:
        """Tell whether an entry is false, or a limit 0: there is no such thing."""
        found: Any = self
        for step in entry.split("."):
            if not isinstance(found, Section) or step not in type(found).model_fields:
                return False  # what the profile does not tell
            found = getattr(found, step)
        return _is_none(found)

    def inapplicable(self, requirement_id: str) -> str | None:
        """Return why a requirement, or its whole area, does not apply; None where it does."""
        area = requirement_id.partition("-")[0]
        return self.not_applicable.get(requirement_id) or self.not_applicable.get(area)

    def inapplicable_check(self, requirement_id: str, check: str) -> str | None:
        """Return why one check of a requirement does not apply; None where it does."""
        whole, part = (f"{requirement_id}:{name}" for name in (check.partition("[")[0], check))
        return self.not_applicable.get(part) or self.not_applicable.get(whole)

    def secrets(self) -> dict[str, str]:
        """Return every credential of the profile with the words that may stand in its place."""
        found = {
            value: f"{entry}.{name}"
            for entry, recipe in self.recipes.items()
            for name, value in secrets_in(recipe)
        }
        for path, value in secrets_in(self):
            if value == to_be_got(path):
                continue
            found[value] = path
            if word := _password(value):
                found[word] = f"{path.removesuffix('.dsn')}.password"
        return found


def _password(value: str) -> str | None:
    """Return the password in a secret that is the address of a database; None for any other."""
    try:
        return urlsplit(value).password if "://" in value else None
    except ValueError:
        return None


def _is_none(value: Any) -> bool:
    """Tell whether a value says that there is no such thing: false, or a limit that is none."""
    return value is False or (isinstance(value, int) and value >= UNLIMITED)
