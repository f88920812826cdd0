"""Frozen settings: what each means, what it may be, and what it is when nobody says.

Where they come from is told by ``commands.configuration``. Secrets are none of them: those are
files in ``secrets_dir``.
"""

from __future__ import annotations

from dataclasses import field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path  # noqa: TC003 -- pydantic reads the annotations
from typing import Annotated, Any, Final, cast

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from reference_server.core.errors import ConfigurationError
from reference_server.core.urls import is_loopback, loopback_origin, plain_origin
from reference_server.core.vocabulary import (
    ProxyHeader,
    SecretMode,
    SecretSource,
    SessionMode,
    Tier,
    TokenMethod,
)

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Multiplier = Annotated[float, Field(gt=0, le=1000)]
Seconds = Annotated[int, Field(ge=1, le=10 * 365 * 24 * 3600)]
Text = Annotated[str, Field(min_length=1, max_length=255)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(ip_network)]
WEEK = 7 * 24 * 3600

PublicUrl = Annotated[str, AfterValidator(plain_origin)]
LoopbackUrl = Annotated[str, AfterValidator(loopback_origin)]
Life = Annotated[int, Field(ge=1, le=WEEK)]
Name = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")]
"""A token of RFC 9110: what headers and cookies are called by."""

Domain = Annotated[str, Field(pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
LocalPart = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=64)]

SESSION_COOKIE = "__Host-hallmark"
PROXY_AUTH_HEADER = "x-mcp-proxy-auth"

CHAINS: Final = {
    "standard": (TokenMethod.AUTHORIZATION, TokenMethod.PROXY, TokenMethod.COOKIE),
    "browser-only": (TokenMethod.AUTHORIZATION, TokenMethod.COOKIE),
    "api-only": (TokenMethod.AUTHORIZATION,),
}
"""The usual orders in which a token is looked for, by name."""


def _chain(value: object) -> object:
    """Return the methods of a chain that is told by its name, alone."""
    if isinstance(value, str):
        return CHAINS.get(value, (value,))
    if not isinstance(value, list | tuple):
        return value
    several = cast("list[object]", value)
    return _chain(several[0]) if len(several) == 1 else several


def _each_once(value: tuple[TokenMethod, ...]) -> tuple[TokenMethod, ...]:
    if len(set(value)) != len(value):
        raise ValueError("a method stands twice")
    return value


Chain = Annotated[
    tuple[TokenMethod, ...],
    Field(min_length=1),
    BeforeValidator(_chain),
    AfterValidator(_each_once),
]
_STRICT = ConfigDict(extra="forbid")

USUAL_AGENTS = (
    *("node", "undici", "Bun/*", "Go-http-client/1.1", "Go-http-client/2.0"),
    "Site24x7",
)
"""What MCP clients on the official TypeScript and Go SDKs send, and a monitor."""


def _setting(meaning: str, **more: Any) -> Any:
    return field(metadata={"meaning": meaning}, **more)


@dataclass(frozen=True, config=_STRICT)
class Limits:
    """How much of everything, and for how long. Every window and life is in seconds."""

    address_requests: Count = _setting("requests of one client address in a window", default=100)
    address_window: Seconds = _setting("that window", default=60)
    tenant_requests: Count = _setting("requests of one tenant in a window", default=300)
    tenant_window: Seconds = _setting("that window", default=60)
    admin_multiplier: Multiplier = _setting(
        "by which tenant_requests is multiplied for callers of the rate tier admin", default=2.0
    )
    user_multiplier: Multiplier = _setting("the same for user", default=1.0)
    anonymous_multiplier: Multiplier = _setting("the same for anonymous", default=0.2)
    a2a_multiplier: Multiplier = _setting("the same for a2a", default=1.0)
    mcp_multiplier: Multiplier = _setting("the same for mcp", default=1.0)
    service_multiplier: Multiplier = _setting("the same for service", default=1.0)
    auth_requests: Count = _setting("requests of one address to /auth in a window", default=5)
    auth_window: Seconds = _setting("that window", default=900)
    scanner_requests: Count = _setting(
        "requests of one address without a credential in a window", default=30
    )
    scanner_window: Seconds = _setting("that window", default=60)
    failures: Count = _setting("failed authentications that block an address", default=10)
    failure_window: Seconds = _setting("how long a failure counts", default=3600)
    block: Seconds = _setting("how long an address is blocked", default=3600)
    streams: Count = _setting(
        "open streams of one principal in one process; the next one ends its oldest", default=64
    )
    oauth_requests: Count = _setting(
        "requests of one OAuth client from one address in a window", default=60
    )
    oauth_window: Seconds = _setting("that window", default=60)
    oauth_registrations: Count = _setting(
        "clients that one address registers in a window", default=20
    )
    oauth_registration_window: Seconds = _setting("that window", default=3600)
    oauth_clients: Count = _setting("clients that have registered themselves", default=10_000)
    oauth_client_unused: Seconds = _setting(
        "the life of such a client that no user has let in", default=24 * 3600
    )
    oauth_client_used: Seconds = _setting(
        "the life of such a client since its last token", default=90 * 24 * 3600
    )
    oauth_consent: Annotated[int, Field(ge=1, le=3600)] = _setting(
        "how long a user may look at the page that asks for consent", default=600
    )
    oauth_code: Annotated[int, Field(ge=1, le=60)] = _setting(
        "the life of an authorization code", default=60
    )
    oauth_access: Life = _setting("the life of an access token", default=900)
    oauth_grant: Seconds = _setting(
        "how long a client may refresh its tokens until its user is asked again",
        default=30 * 24 * 3600,
    )
    oauth_refresh_grace: Annotated[int, Field(ge=0, le=300)] = _setting(
        "how long a refresh token may be exchanged once more, for a lost answer", default=10
    )
    mail_failures: Annotated[int, Field(ge=1, le=100)] = _setting(
        "permanent failures of a tenant's messages after which an address gets no more of them",
        default=3,
    )
    oauth_state: Seconds = _setting("the life of an OAuth state", default=600)
    oauth_cleanup: Seconds = _setting("how often what has expired is deleted", default=300)
    rotation_grace: Seconds = _setting("how long a rotated key still works", default=24 * 3600)
    key_lifetime: Seconds = _setting("the life of a new key", default=365 * 24 * 3600)

    def tenant_requests_of(self, tier: Tier) -> int:
        """Return how many requests of one tenant's callers of a rate tier a window admits."""
        return max(1, int(self.tenant_requests * getattr(self, f"{tier.value}_multiplier")))


@dataclass(frozen=True, config=_STRICT)
class Settings:
    """Everything the server can be told, apart from secrets.

    Plain HTTP is all it speaks: TLS is for the proxy before it. Several ``workers`` need ``redis``
    to share their limits. MCP sessions live in one process, so several workers open none: each
    request stands for itself, which every revision of MCP allows.
    """

    database: str = _setting("postgresql://ROLE@HOST:PORT/DATABASE, without a password")
    secrets_dir: Path = _setting("the directory of secret files")
    host: Annotated[str, Field(min_length=1)] = _setting(
        "the address to listen on", default="127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = _setting("0 for any free one", default=3001)
    pool_size: Count = _setting("database connections of each process", default=20)
    secret_mode: SecretMode = _setting(
        "strict refuses secret files that others can read and secrets of tools that are weak, warn "
        "tells of them, skip does not look (on this machine alone); the server's own secrets are "
        "refused in any mode",
        default=SecretMode.WARN,
    )
    secret_source: SecretSource = _setting(
        "where keys of providers and custom secrets come from: file or environment; the server's "
        "own secrets come from files of --secrets alone",
        default=SecretSource.FILE,
    )
    secret_file: Path | None = _setting(
        "JSON or TOML with keys of providers (anthropic, openai, gemini, github) and custom "
        "secrets by their names",
        default=None,
    )
    custom_secrets: tuple[str, ...] = _setting(
        "names of the custom secrets that are taken from the environment", default=()
    )
    workers: Count = _setting("processes behind the port", default=1)
    redis: str | None = _setting(
        "redis://HOST:PORT/N, rediss:// or unix://PATH, without a password: shares the limits",
        default=None,
    )
    log_file: Path | None = _setting("JSON lines go here, not to standard output", default=None)
    audit_anchors: Path | None = _setting(
        "heads of the audit trail are noted here, best on storage that the database's owner cannot "
        "change; verify-audit --anchors finds by it a trail that was set back",
        default=None,
    )
    audit_anchor_seconds: Seconds = _setting(
        "how often that is done, in seconds, while there are new rows", default=10
    )
    page_size: Count = _setting("entries on a page of a tenant's lists", default=50)
    allowed_hosts: tuple[str, ...] = _setting(
        "values of Host that the MCP endpoint accepts; * stands for any port",
        default=("127.0.0.1:*", "localhost:*", "[::1]:*"),
    )
    allowed_origins: tuple[str, ...] = _setting(
        "values of Origin that the MCP endpoint accepts",
        default=("http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"),
    )
    fetch_origins: tuple[str, ...] = _setting(
        "origins that tools may fetch from for a caller, besides public addresses",
        default=(),
    )
    plugins: Path | None = _setting(
        "TOML that says which other programs offer tools, and what each is given", default=None
    )
    plugin_secrets: Path | None = _setting(
        "the directory of tenants' secrets for those: TENANT/NAME, each file readable by us alone",
        default=None,
    )
    vault_folder: Path | None = _setting(
        "secrets of tenants lie in files of this directory, and references to them in the "
        "database; without it they lie there under envelope encryption",
        default=None,
    )
    issuers: Path | None = _setting(
        "TOML that says which issuers are trusted, with access tokens or with browsers' logins",
        default=None,
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        "addresses or networks whose word for a client's address is taken; none by default",
        default=(),
    )
    proxy_hops: Annotated[int, Field(ge=1, le=100)] = _setting(
        "proxies between a client and this server, each of which adds to the header", default=1
    )
    proxy_header: ProxyHeader = _setting(
        "what those proxies write: a client could write the other one itself",
        default=ProxyHeader.X_FORWARDED_FOR,
    )
    scanner_triage: bool = _setting("whether requests like a scanner's are refused", default=True)
    allowed_agents: tuple[str, ...] = _setting(
        "values of User-Agent that triage lets pass; * stands for anything, - for none at all",
        default=USUAL_AGENTS,
    )
    refused_agents: tuple[str, ...] = _setting(
        "beginnings of words in User-Agent that triage refuses, besides those it knows", default=()
    )
    refused_paths: tuple[str, ...] = _setting(
        "pieces of paths that triage refuses, besides those it knows", default=()
    )
    shortest_agent: Count = _setting("characters of User-Agent that triage asks for", default=10)
    oldest_browser: Count = _setting(
        "version of Chrome and Firefox below which triage refuses", default=120
    )
    session_mode: SessionMode = _setting(
        "required refuses who presents nothing, optional serves him the MCP endpoint as nobody; "
        "disabled, for a test, asks nobody for anything",
        default=SessionMode.REQUIRED,
    )
    session_issuer: Text = _setting("iss of session tokens", default="urn:hallmark")
    session_audience: Text = _setting("aud of session tokens", default="urn:hallmark:mcp")
    session_lifetime: Life = _setting("seconds that a new session lives", default=3600)
    session_longest: Life = _setting(
        "seconds that a token may live at most, whoever signed it", default=12 * 3600
    )
    session_cookie: Name = _setting(
        "the cookie of browsers' sessions; begin it with __Host-", default=SESSION_COOKIE
    )
    token_chain: Chain = _setting(
        "where a token is looked for, in order: authorization, mcp-proxy, cookie, or all in one "
        "word: standard, browser-only, api-only",
        default=CHAINS["standard"],
    )
    proxy_auth_header: Name = _setting(
        "the header of a proxy's signed word for a caller", default=PROXY_AUTH_HEADER
    )
    public_url: PublicUrl | None = _setting(
        "https://HOST, the origin by which clients reach this server (http on this machine alone); "
        "the authorization server for MCP clients is on where it is set",
        default=None,
    )
    client_documents: tuple[LoopbackUrl, ...] = _setting(
        "origins on this machine, as http://127.0.0.1:8080, that documents of OAuth clients may be "
        "fetched from besides public addresses: for tests",
        default=(),
    )
    mail_domain: Domain | None = _setting(
        "the domain that mail is sent from; the tool send_email is on where it is set, and needs "
        "public_url and the secrets RESEND_API_KEY and MAIL_WEBHOOK_SECRET",
        default=None,
    )
    mail_sender: LocalPart = _setting(
        "what stands before the @ of every sender", default="notifications"
    )
    mail_api: PublicUrl = _setting(
        "the origin of the mail provider, which speaks as Resend does",
        default="https://api.resend.com",
    )
    mail_names: tuple[str, ...] = _setting(
        "names in which no message may speak as its support or the like, besides well-known ones",
        default=("Hallmark",),
    )
    testing: bool = _setting(
        "says that this is a test, on this machine alone: allows session_mode disabled",
        default=False,
    )
    limits: Limits = _setting("counts and windows", default_factory=Limits)


def check_sharing(settings: Settings) -> None:
    """Raise ConfigurationError where several processes would each count for themselves."""
    if settings.workers > 1 and settings.redis is None:
        raise ConfigurationError("Several --workers need --redis to share their limits: set it.")


def check_secrets(settings: Settings) -> None:
    """Raise ConfigurationError where secrets are not looked at, or said to come from two places."""
    if settings.secret_mode is SecretMode.SKIP and not is_loopback(settings.host):
        raise ConfigurationError(
            f"secret_mode skip looks at no secret's file, and --host is {settings.host}: "
            "set --secret-mode to strict or warn, or listen on 127.0.0.1."
        )
    if settings.secret_source is SecretSource.ENVIRONMENT and settings.secret_file is not None:
        raise ConfigurationError(
            "secret_source environment reads no file: leave --secret-file out, or set "
            "--secret-source to file."
        )
    if settings.secret_source is SecretSource.FILE and settings.custom_secrets:
        raise ConfigurationError(
            "custom_secrets are names in the environment, and a file has its own: leave "
            "--custom-secrets out, or set --secret-source to environment."
        )


def _reach_of_others(settings: Settings) -> str | None:
    """Return which setting lets others in by way of a proxy on this machine; None for none."""
    if settings.trusted_proxies:
        return "--trusted-proxies speak for others"
    public = [host for host in settings.allowed_hosts if not is_loopback(_name_in(host))]
    return f"--allowed-hosts has {public[0]}" if public else None


def _name_in(host: str) -> str:
    """Return the name or address in a value of Host, whose port may be an asterisk."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def check_sessions(settings: Settings) -> None:
    """Raise ConfigurationError where session tokens are not validated, or outlive their bound."""
    if settings.session_mode is SessionMode.DISABLED and not settings.testing:
        raise ConfigurationError(
            "session_mode disabled asks nobody for a credential, so it is for tests alone: "
            "set --session-mode to required or optional, or --testing to true in a test."
        )
    if settings.testing and not is_loopback(settings.host):
        raise ConfigurationError(
            f"testing is for this machine alone, and --host is {settings.host}: "
            "leave --testing out, or listen on 127.0.0.1."
        )
    if settings.testing and (reach := _reach_of_others(settings)):
        raise ConfigurationError(
            f"testing is for this machine alone, and {reach}: leave one of the two out."
        )
    if settings.session_lifetime > settings.session_longest:
        raise ConfigurationError(
            "session_lifetime is above session_longest, so that no new session would be good: "
            "lower --session-lifetime or raise --session-longest."
        )
