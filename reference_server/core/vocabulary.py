"""The words of the system: each name that two modules must agree on is an enum's member here."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """What an audit row can say happened. The values are the contract."""

    AUTH_SUCCESS = "api_key.auth_success"
    AUTH_FAILURE = "api_key.auth_failure"
    KEY_CREATED = "api_key.created"
    KEY_ROTATED = "api_key.rotated"
    KEY_REVOKED = "api_key.revoked"
    ADMIN_AUTH_FAILURE = "admin.auth_failure"
    SESSION_ISSUED = "session.issued"
    SESSION_REVOKED = "session.revoked"
    SESSION_SUCCESS = "session.auth_success"
    SESSION_FAILURE = "session.auth_failure"
    SESSION_ANONYMOUS = "session.anonymous"
    REQUEST_REFUSED = "request.refused"
    TOOL_CALLED = "mcp.tool_called"
    TOOL_FAILED = "mcp.tool_failed"
    EXECUTION_STARTED = "mcp.execution_started"
    EXECUTION_ENDED = "mcp.execution_ended"
    RESOURCE_READ = "mcp.resource_read"
    PROMPT_RENDERED = "mcp.prompt_rendered"
    ARGUMENT_COMPLETED = "mcp.argument_completed"
    LIST_REFUSED = "mcp.list_refused"
    RESOURCE_SUBSCRIBED = "mcp.resource_subscribed"
    STATE_REFUSED = "mcp.state_refused"
    TASK_CREATED = "mcp.task_created"
    TASK_READ = "mcp.task_read"
    TASK_CHANGED = "mcp.task_changed"
    TENANT_CREATED = "tenant.created"
    RATE_LIMIT_EXCEEDED = "rate_limit.exceeded"
    BLOCKED_ADDRESS = "auth.blocked_ip"
    SCANNER_DENIED = "scanner.denied"
    FLOW_STARTED = "oauth.flow_started"
    FLOW_COMPLETED = "oauth.flow_completed"
    FLOW_FAILED = "oauth.flow_failed"
    CLIENT_REGISTERED = "oauth.client_registered"
    CLIENT_REFUSED = "oauth.client_refused"
    CLIENT_REMOVED = "oauth.client_removed"
    AUTHORIZATION_REFUSED = "oauth.authorization_refused"
    CONSENT_GIVEN = "oauth.consent_given"
    CONSENT_DENIED = "oauth.consent_denied"
    TOKEN_ISSUED = "oauth.token_issued"  # noqa: S105 -- the name of an event
    TOKEN_REFUSED = "oauth.token_refused"  # noqa: S105 -- the name of an event
    GRANT_ENDED = "oauth.grant_ended"
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    USER_CREATED = "user.created"
    TENANT_RENAMED = "tenant.renamed"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    MAIL_SENT = "mail.sent"
    MAIL_REFUSED = "mail.refused"
    MAIL_FAILED = "mail.failed"
    MAIL_SUPPRESSED = "mail.suppressed"
    MAIL_WEBHOOK_REFUSED = "mail.webhook_refused"
    TRAIL_REPAIRED = "trail.repaired"


class Outcome(StrEnum):
    """How the audited act ended."""

    SUCCESS = "success"
    FAILURE = "failure"


class Reason(StrEnum):
    """Why a request was refused, as the audit row says it."""

    MISSING = "missing"
    INVALID = "invalid"
    BLOCKED = "blocked"
    ENGAGED = "engaged"


class ScannerCheck(StrEnum):
    """Which signal of a scanner fired."""

    PATH = "path"
    AGENT = "agent"
    VELOCITY = "velocity"


class LimitScope(StrEnum):
    """Which limit a refused request ran into."""

    ADDRESS = "global"
    TENANT = "tenant"
    AUTH = "auth"
    OAUTH = "oauth"


class Access(StrEnum):
    """What a URL asks of its caller: nothing, and no guard either, where it tells liveness.

    A browser may come without a session, and is told to sign in then.
    """

    LIVENESS = "liveness"
    PUBLIC = "public"
    BROWSER = "browser"
    KEY = "key"
    ADMIN = "admin"


class Scheme(StrEnum):
    """What proved who calls."""

    API_KEY = "api_key"
    SESSION = "session"
    PROXY = "proxy"
    ISSUER = "issuer"
    NONE = "none"


class Tier(StrEnum):
    """The kinds of caller, which are permissions at once: a scope names those that somebody has."""

    ADMIN = "admin"
    USER = "user"
    ANONYMOUS = "anonymous"
    A2A = "a2a"
    MCP = "mcp"
    SERVICE = "service"


class Permission(StrEnum):
    """What a user can grant to an MCP client: the scopes of access tokens (RFC 6749 section 3.3).

    To write implies to read.
    """

    READ = "mcp:read"
    WRITE = "mcp:write"


class SessionMode(StrEnum):
    """What becomes of who presents no credential; ``DISABLED``, for tests, asks for none at all."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    DISABLED = "disabled"


class TokenMethod(StrEnum):
    """The ways by which a token may come."""

    AUTHORIZATION = "authorization"
    PROXY = "mcp-proxy"
    COOKIE = "cookie"


class TokenFailure(StrEnum):
    """Why no token could be taken out of a request. The values are the contract."""

    NONE_FOUND = "NoTokenFound"
    MISSING_AUTHORIZATION = "MissingAuthorizationHeader"
    INVALID_AUTHORIZATION = "InvalidAuthorizationFormat"
    MISSING_PROXY = "MissingMcpProxyHeader"
    INVALID_PROXY = "InvalidMcpProxyFormat"
    MISSING_COOKIE = "MissingCookie"
    INVALID_COOKIE = "InvalidCookieFormat"
    NOT_IN_COOKIE = "TokenNotFoundInCookie"


class Platform(StrEnum):
    """The advertising platforms that a tenant can connect."""

    GOOGLE = "google"
    META = "meta"
    TIKTOK = "tiktok"


class SecretMode(StrEnum):
    """What happens at start where a secret's file, or a secret that tools need, is not right.

    None of them lets the server start with a wrong or missing secret of its own (``SecretName``).
    """

    STRICT = "strict"
    WARN = "warn"
    SKIP = "skip"


class SecretSource(StrEnum):
    """Where the keys of providers and the custom secrets come from."""

    FILE = "file"
    ENVIRONMENT = "environment"


class Provider(StrEnum):
    """Whose keys tools need. The values are the variables that their programs read."""

    ANTHROPIC = "ANTHROPIC_API_KEY"
    OPENAI = "OPENAI_API_KEY"
    GEMINI = "GEMINI_API_KEY"
    GITHUB = "GITHUB_TOKEN"


class ProxyHeader(StrEnum):
    """What a proxy tells the client's address by."""

    X_FORWARDED_FOR = "X-Forwarded-For"
    FORWARDED = "Forwarded"


class SecretName(StrEnum):
    """The secrets that must be readable before a port is opened."""

    CREDENTIAL_KEK = "CREDENTIAL_KEK"
    API_KEY_HMAC_SECRET = "API_KEY_HMAC_SECRET"  # noqa: S105 -- the name of a secret
    DB_PASSWORD = "DB_PASSWORD"  # noqa: S105 -- the name of a secret
    ADMIN_TOKEN = "ADMIN_TOKEN"  # noqa: S105 -- the name of a secret
    AUDIT_CHAIN_KEY = "AUDIT_CHAIN_KEY"
    SESSION_SIGNING_SECRET = "SESSION_SIGNING_SECRET"  # noqa: S105 -- the name of a secret


class Role(StrEnum):
    """The database roles: owner, runtime, and the reader of the trail."""

    ADMIN = "mcp_admin"
    APP = "mcp_app"
    AUDITOR = "mcp_auditor"


TENANT_SETTING = "app.current_tenant_id"
"""The PostgreSQL setting that names the tenant of a transaction."""
