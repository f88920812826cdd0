"""The channels: a row each, from which the profile, its draft and every message derive."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from conformance.model import (
    authorization_rows,
    delivery_rows,
    issuer_rows,
    mail_rows,
    org_rows,
    policy_rows,
    repository_rows,
    token_rows,
    tool_rows,
    vault_rows,
)
from conformance.model.row import Row, event_row, key_row, limit_row, route_row

_NOTE = re.compile(r"[:,] ")
"""What comes before an explanation, in a row's words."""


class Channel(StrEnum):
    """A way to evidence, or a fact about the target, that a check cannot do without."""

    _value_: str
    row: Row

    def __new__(cls, row: Row) -> Self:
        """Make a channel of its row: it is the row's name, as the catalogue has it."""
        member = str.__new__(cls, row.name)
        member._value_ = row.name
        member.row = row
        return member

    HTTP = Row("http", "--target=URL", "url", otherwise="give --target=URL")
    KEYS = Row(
        "keys",
        "the profile's [tenants.a] and [tenants.b], each with id and key",
        "tenants",
        example=("[tenants.a]", 'id = "tenant-a"', 'key = { env = "TENANT_A_KEY" }'),
    )
    REVOKED_KEY = key_row("revoked-key", "revoked_key")
    EXPIRED_KEY = key_row("expired-key", "expired_key")
    CANARIES = Row(
        "canaries",
        "the profile's canary in [tenants.a] and in [tenants.b]: words of its data",
        "tenants.a.canary tenants.b.canary",
        example=(
            'canary = "words that only the data of tenant A holds"',
            "[tenants.b]",
            'id = "tenant-b"',
            'key = { env = "TENANT_B_KEY" }',
            'canary = "words that only the data of tenant B holds"',
        ),
    )
    ADMIN = Row(
        "admin",
        "the profile's [admin] token",
        "admin",
        example=("[admin]", 'token = { env = "ADMIN_TOKEN" }'),
    )
    APP_SQL = Row(
        "app-sql",
        "the profile's [channels.app_sql]: SQL as the server's runtime role (PostgreSQL only)",
        "channels.app_sql",
        example=(
            "[channels.app_sql]",
            'dsn = { env = "APP_DSN" }',
            'data_table = "notes"',
            'insert = "INSERT INTO notes (tenant_id, body) VALUES (%(tenant)s, %(unique)s)"',
        ),
    )
    AUDITOR = Row(
        "auditor",
        "the profile's [channels.auditor]: the audit trail, in PostgreSQL, a file or a command",
        "channels.auditor",
        example=(
            "[channels.auditor]",
            '# or, of JSON lines: file = "/var/log/audit.jsonl", or command = ["export-trail"]',
            'table = "audit_log"',
        ),
    )
    TRAIL_TABLE = Row(
        "trail-table",
        "the profile's [channels.auditor] dsn: SQL that may read the audit trail (PostgreSQL only)",
        "channels.auditor.dsn",
        example=('dsn = { env = "AUDITOR_DSN" }',),
    )
    OWNER = Row(
        "owner",
        "the profile's [channels.owner]: SQL as the owner of the audit trail (PostgreSQL only)",
        "channels.owner",
        example=("[channels.owner]", 'dsn = { env = "OWNER_DSN" }'),
    )
    TRAIL_VERIFIER = Row(
        "trail-verifier",
        "the profile's [channels.owner] verify: what verifies the trail",
        "channels.owner.verify",
        example=('verify = ["verify-audit"]',),
        starts_programs=True,
    )
    LOG = Row(
        "log",
        "the profile's [channels.log]: the server's log, as a file or a command",
        "channels.log",
        example=(
            "[channels.log]",
            '# or a command that prints it: command = ["docker", "logs", "server"]',
            'file = "/var/log/server.jsonl"',
        ),
    )
    ADDRESSES = Row(
        "addresses",
        "a target on loopback, where each check has a client address of its own",
        "is_loopback",
        otherwise="judge it where it runs, on loopback",
    )
    CLOCK = Row(
        "clock",
        "the profile's [channels.clock]: a file that moves the server's clock",
        "channels.clock",
        example=("[channels.clock]", 'file = "/run/server/clock-offset"'),
    )
    MEMORY = Row(
        "memory",
        "the profile's [channels.memory]: how much memory the server has",
        "channels.memory",
        example=("[channels.memory]", 'command = ["print-bytes-of", "server"]  # or pid = …'),
    )
    LAUNCH = Row(
        "launch",
        "the profile's [channels.launch]: the command that starts the server",
        "channels.launch",
        example=(
            "[channels.launch]",
            'command = ["server", "--secrets", "{secrets}", "--port", "{port}"]',
            'secrets_dir = "/etc/server/secrets"',
            'required_secrets = ["DB_PASSWORD"]',
        ),
        starts_programs=True,
    )
    WORKERS = Row(
        "workers",
        "the profile's channels.launch.several_workers: words for two processes",
        "channels.launch.several_workers",
        example=('several_workers = ["--workers", "2"]',),
        starts_programs=True,
    )
    POOL = Row(
        "pool",
        "the profile's [channels.pool]: the command that starts the server on a tapped database",
        "channels.pool",
        example=(
            "[channels.pool]",
            'command = ["env", "DATABASE=postgresql://app@{tap}/notes", "server", "{port}"]',
        ),
        starts_programs=True,
    )
    REPOSITORY = repository_rows.REPOSITORY
    SPARE_TENANT = Row(
        "spare-tenant",
        "the profile's [tenants.spare]: a tenant whose limits may be exhausted and keys rotated",
        "tenants.spare",
        example=("[tenants.spare]", 'id = "tenant-spare"', 'key = { env = "TENANT_SPARE_KEY" }'),
    )
    HEALTH_ROUTE = route_row("health-route", "health", "/health")
    HEALTH_FIELDS = Row(
        "health-fields",
        "the profile's [fields.health]: what the health route tells, and so may tell",
        "fields.health",
        example=("[fields.health]", 'ok = "ok"', 'version = "version"', 'uptime = "uptimeSec"'),
    )
    ROTATE_ROUTE = route_row("rotate-route", "rotate_key", "/admin/api-keys/rotate")
    ADMIN_ROUTE = Row(
        "admin-route", "the profile's [routes] rotate_key, create_key or revoke_key", "has_admin"
    )
    KEY_CREATION = Row(
        "key-creation",
        "the profile's [routes] create_key, or rotate_key: how an administrator has a key made",
        "routes.makes_keys",
        example=('create_key = { path = "/v1/keys", body = { org = "{tenant}" } }',),
    )
    REVOKE_ROUTE = route_row("revoke-route", "revoke_key", "/admin/api-keys/revoke")
    AUTH_ROUTE = Row(
        "auth-route",
        "the profile's [routes] auth: a request whose limit is that of signing in",
        "routes.auth",
        example=('auth = { method = "POST", path = "/auth/sign-in", body = { user = "nobody" } }',),
    )
    OAUTH_ROUTES = Row(
        "oauth-routes",
        "the profile's [oauth]: routes that start and finish a flow",
        "oauth",
        example=(
            "[oauth]",
            'start = "/oauth/{platform}/start"',
            'finish = "/oauth/{platform}/callback"',
            'platforms = ["google", "meta"]',
        ),
    )
    OAUTH_STATES = Row(
        "oauth-states",
        "the profile's oauth.states_table: what is remembered of open flows",
        "oauth.states_table",
        example=('states_table = "oauth_states"',),
    )
    AUTHORIZATION_USER = authorization_rows.AUTHORIZATION_USER
    REGISTRATION_LIMIT = authorization_rows.REGISTRATION_LIMIT
    CLIENT_LIMIT = authorization_rows.CLIENT_LIMIT
    CLIENT_DOCUMENTS = authorization_rows.CLIENT_DOCUMENTS
    NARROW_TOKEN = authorization_rows.NARROW_TOKEN
    BROAD_TOKEN = authorization_rows.BROAD_TOKEN
    SCANNER = Row(
        "scanner",
        "the profile's [scanner] status: what requests like a scanner's are answered with",
        "scanner.status",
        example=("[scanner]", "status = 403", 'body = { error = "forbidden" }'),
    )
    SCANNER_PACE = Row(
        "scanner-pace",
        "the profile's scanner.requests: how many of one address may show no credential",
        "scanner.requests",
        example=("requests = 30",),
    )
    SECURITY_LINT = repository_rows.SECURITY_LINT
    AUDIT = repository_rows.AUDIT
    PULL_REQUEST = repository_rows.PULL_REQUEST
    MIGRATION = Row(
        "migration",
        "the profile's [channels.migration]: a migration that must fail",
        "channels.migration",
        example=(
            "[channels.migration]",
            'failing = ["server", "migrate"]',
            'owner = { env = "DRILL_OWNER_DSN" }',
            'reader = { env = "DRILL_READER_DSN" }',
            'table = "notes"',
        ),
        starts_programs=True,
    )
    PING_TOOL = Row(
        "ping-tool",
        "the profile's [tools] ping: a tool that answers with the caller's tenant",
        "tools.ping",
        example=('ping = "ping"',),
    )
    DATA_TOOL = Row(
        "data-tool",
        "the profile's [tools] tenant_data: a tool that reads tenant data",
        "tools.tenant_data",
        example=('tenant_data = "list_reports"',),
    )
    VALIDATED_TOOL = tool_rows.VALIDATED_TOOL
    FAILING_TOOL = tool_rows.FAILING_TOOL
    BY_ID_TOOL = tool_rows.BY_ID_TOOL
    ASKING_TOOL = tool_rows.ASKING_TOOL
    TASK_TOOL = tool_rows.TASK_TOOL
    CHANGING_TOOL = tool_rows.CHANGING_TOOL
    TELLING_TOOL = tool_rows.TELLING_TOOL
    LISTENER = Row(
        "listener",
        "a target on loopback, or the profile's [channels.listener]: where the judge hears what the"
        " target calls",
        "can_be_listened_for",
        otherwise="name an address of this machine that the target reaches, in [channels.listener]",
    )
    FETCHING_TOOL = tool_rows.FETCHING_TOOL
    DELIVERED = delivery_rows.DELIVERED
    DOWNSTREAM = delivery_rows.DOWNSTREAM
    DOWNSTREAM_TOOL = delivery_rows.DOWNSTREAM_TOOL
    ECHOING_TOOL = delivery_rows.ECHOING_TOOL
    ENVIRONMENT_TOOL = delivery_rows.ENVIRONMENT_TOOL
    HOST_VARIABLES = delivery_rows.HOST_VARIABLES
    EXECUTIONS = delivery_rows.EXECUTIONS
    MAIL_PROVIDER = mail_rows.MAIL_PROVIDER
    MAIL_TOOL = mail_rows.MAIL_TOOL
    MAIL_DOMAIN = mail_rows.MAIL_DOMAIN
    MAIL_SUPPRESSION = mail_rows.MAIL_SUPPRESSION
    MAIL_BLOCKLIST = mail_rows.MAIL_BLOCKLIST
    MAIL_WEBHOOK = mail_rows.MAIL_WEBHOOK
    VAULT = vault_rows.VAULT
    VAULT_TABLE = vault_rows.VAULT_TABLE
    VAULT_FILES = vault_rows.VAULT_FILES
    VAULT_ROTATION = vault_rows.VAULT_ROTATION
    ISSUER = issuer_rows.ISSUER
    ISSUED_TOKENS = issuer_rows.ISSUED_TOKENS
    LOGIN = issuer_rows.LOGIN
    SIGN_UP = issuer_rows.SIGN_UP
    OFFICIAL_CLIENT = Row(
        "official-client",
        "pip install 'mcp>=2.3': the official Python client",
        "has_official_client",
        otherwise="run pip install 'mcp>=2.3'",
        starts_programs=True,
    )
    SESSION_TOKEN = token_rows.SESSION_TOKEN
    SIGNING = token_rows.SIGNING
    TOKEN_SIGNER = token_rows.TOKEN_SIGNER
    SESSION_START = token_rows.SESSION_START
    SESSION_END = token_rows.SESSION_END
    WAYS = token_rows.WAYS
    POLICY = policy_rows.POLICY
    POLICY_RATES = policy_rows.POLICY_RATES
    ORGS = org_rows.ORGS
    ORG_GUEST = org_rows.ORG_GUEST
    ORG_ROLES = org_rows.ORG_ROLES
    ORG_SWITCH = org_rows.ORG_SWITCH
    ADDRESS_LIMIT = limit_row("address-limit", "address_requests", "what one address may ask for")
    TENANT_LIMIT = limit_row("tenant-limit", "tenant_requests", "what one tenant may ask for")
    SESSION_LIMIT = limit_row("session-limit", "sessions", "how many one principal may have open")
    CONNECTION_LIMIT = limit_row("connection-limit", "connections", "how many one address may have")
    FAILURE_LIMIT = limit_row("failure-limit", "auth_failures", "how many block an address")
    REFUSAL_ROWS = limit_row(
        "refusal-rows",
        "audited_refusals",
        "how many refusals of an address, in a minute, have rows of their own",
    )
    REFUSAL_BODY = Row(
        "refusal-body",
        "the profile's [answers] unauthorized: what the body of a 401 holds",
        "answers.unauthorized",
    )
    LIMIT_BODY = Row(
        "limit-body",
        "the profile's [answers] rate_limited: what the body of a 429 holds",
        "answers.rate_limited",
    )
    REQUEST_ID = Row(
        "request-id",
        "the profile's [headers] request_id: the header that carries it",
        "headers.request_id",
    )
    AUTH_SUCCESS_EVENT = event_row(
        "auth-success-event",
        "auth_success",
        "who is let in",
        '"api_key.auth_success"',
        is_first=True,
    )
    AUTH_FAILURE_EVENT = event_row(
        "auth-failure-event", "auth_failure", "a refusal", '"api_key.auth_failure"'
    )
    TOOL_CALLED_EVENT = event_row(
        "tool-called-event", "tool_called", "a tool's call", '["mcp.tool_called", "tool.used"]'
    )
    TOOL_FAILED_EVENT = event_row(
        "tool-failed-event",
        "tool_failed",
        "a tool's failure",
        '{ event = "mcp.tool_called", outcome = "failure" }',
    )
    LIMIT_EVENT = event_row(
        "limit-event", "limit_exceeded", "an exceeded limit", '"rate_limit.exceeded"'
    )
    BLOCK_EVENT = event_row("block-event", "address_blocked", "a block", '"auth.blocked_ip"')
    ROTATION_EVENT = event_row("rotation-event", "key_rotated", "a rotation", '"api_key.rotated"')
    SCANNER_EVENT = event_row(
        "scanner-event", "scanner_denied", "a scanner's refusal", '"scanner.denied"'
    )

    @property
    def supplied_by(self) -> str:
        """The option or profile entry that would supply this channel."""
        return self.row.words

    @property
    def entry(self) -> str:
        """The profile's entry that would supply this channel; empty where none would."""
        own, _, entry = self.row.words.partition("the profile's ")
        return "" if own else _NOTE.split(entry, maxsplit=1)[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """The profile's entries, or the properties of the target, that all must be there."""
        return tuple(self.row.path.split())


STARTING = frozenset(channel for channel in Channel if channel.row.starts_programs)
"""Channels by which a check starts further programs."""
