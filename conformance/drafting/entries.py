"""Every entry a profile may have, as an example, beside the channel that it supplies.

A selftest takes away the comments: what stands here must then be a valid profile, and supply every
channel that a profile can.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.model import Channel


@dataclass(frozen=True)
class Entries:
    """One part of the draft. Each hint is the channels it supplies, and its lines of TOML."""

    name: str
    hints: tuple[tuple[tuple[Channel, ...], str], ...] = ()


SECTIONS = (
    Entries(
        "routes",
        (
            ((Channel.HEALTH_ROUTE,), 'health = "/health"'),
            ((Channel.ROTATE_ROUTE,), 'rotate_key = "/admin/api-keys/rotate"'),
            ((Channel.REVOKE_ROUTE,), 'revoke_key = "/admin/api-keys/revoke"'),
            ((Channel.AUTH_ROUTE,), 'auth = "/auth/sign-in"'),
        ),
    ),
    Entries("headers"),
    Entries("answers"),
    Entries("limits"),
    Entries(
        "tools",
        (
            ((Channel.PING_TOOL,), 'ping = "ping"'),
            ((Channel.DATA_TOOL,), 'tenant_data = "list_reports"'),
            (
                (Channel.VALIDATED_TOOL,),
                (
                    '[tools.validated]\nname = "get_report"\n'
                    'arguments = { period = "week" }\nbad_arguments = { period = "fortnight" }'
                ),
            ),
            (
                (Channel.FAILING_TOOL,),
                '[tools.failing]\nname = "raise_error"\nmessage_argument = "message"',
            ),
            (
                (Channel.BY_ID_TOOL,),
                (
                    '[tools.by_id]\nname = "get_report"\nargument = "reportId"\n'
                    'listed_by = "list_reports"'
                ),
            ),
        ),
    ),
    Entries(
        "tenants",
        (
            ((Channel.KEYS,), '[tenants.a]\nid = "tenant-a"\nkey = { env = "TENANT_A_KEY" }'),
            ((Channel.REVOKED_KEY,), 'revoked_key = { env = "TENANT_A_REVOKED_KEY" }'),
            ((Channel.EXPIRED_KEY,), 'expired_key = { env = "TENANT_A_EXPIRED_KEY" }'),
            ((Channel.CANARIES,), 'canary = "words that only the data of tenant A holds"'),
            ((), '[tenants.b]\nid = "tenant-b"\nkey = { env = "TENANT_B_KEY" }'),
            ((), 'canary = "words that only the data of tenant B holds"'),
            (
                (Channel.SPARE_TENANT,),
                '[tenants.spare]\nid = "tenant-spare"\nkey = { env = "TENANT_SPARE_KEY" }',
            ),
        ),
    ),
    Entries(
        "events",
        (
            (
                (Channel.AUTH_SUCCESS_EVENT,),
                '[events]\nauth_success = "api_key.auth_success"',
            ),
            ((Channel.AUTH_FAILURE_EVENT,), 'auth_failure = "api_key.auth_failure"'),
            ((Channel.TOOL_CALLED_EVENT,), 'tool_called = ["mcp.tool_called", "tool.used"]'),
            (
                (Channel.TOOL_FAILED_EVENT,),
                'tool_failed = { event = "mcp.tool_called", outcome = "failure" }',
            ),
            ((Channel.LIMIT_EVENT,), 'limit_exceeded = "rate_limit.exceeded"'),
            ((Channel.BLOCK_EVENT,), 'address_blocked = "auth.blocked_ip"'),
            ((Channel.ROTATION_EVENT,), 'key_rotated = "api_key.rotated"'),
            ((), '[events.outcomes]\nsuccess = "success"\nfailure = ["failure", "denied"]'),
            ((), '[events.reasons]\nmissing = "missing"\ninvalid = "invalid"'),
            ((), '[events.scopes]\naddress = "global"\ntenant = "tenant"\nauth = "auth"'),
        ),
    ),
    Entries(
        "fields",
        (
            ((), '[fields.results]\ntenant = "tenantId"\nrequest_id = "requestId"\nok = "ok"'),
            (
                (),
                (
                    '[fields.admin]\ntenant = "tenantId"\ndescription = "description"\n'
                    'key = "apiKey"\nkey_id = "keyId"'
                ),
            ),
            ((), '[fields.health]\nok = "ok"\nversion = "version"\nuptime = "uptimeSec"'),
            ((), '[fields.log]\ntime = "time"\nlevel = "level"\nrequest_id = "request_id"'),
            (
                (),
                (
                    '[fields.trail]\norder = "id"\ncreated_at = "created_at"\n'
                    'event = "event_type"\noutcome = "outcome"\ntenant = "tenant_id"\n'
                    'address = "actor_ip"\nrequest_id = "request_id"\n'
                    'identity = "actor_key_id"\nmetadata = "metadata"\n'
                    'reason = "metadata.reason"\nscope = "metadata.scope"\n'
                    'tool = "metadata.tool"'
                ),
            ),
        ),
    ),
    Entries("admin", (((Channel.ADMIN,), '[admin]\ntoken = { env = "ADMIN_TOKEN" }'),)),
    Entries(
        "oauth",
        (
            (
                (Channel.OAUTH_ROUTES,),
                (
                    '[oauth]\nstart = "/oauth/{platform}/start"\n'
                    'finish = "/oauth/{platform}/callback"\nplatforms = ["google", "meta"]'
                ),
            ),
            ((Channel.OAUTH_STATES,), 'states_table = "oauth_states"'),
        ),
    ),
    Entries(
        "channels",
        (
            (
                (Channel.APP_SQL,),
                (
                    '[channels.app_sql]\ndsn = { env = "APP_DSN" }\ndata_table = "notes"\n'
                    'insert = "INSERT INTO notes (tenant_id, body) VALUES (%(tenant)s, %(unique)s)"'
                ),
            ),
            (
                (Channel.AUDITOR,),
                '[channels.auditor]\ndsn = { env = "AUDITOR_DSN" }\ntable = "audit_log"',
            ),
            (
                (Channel.OWNER,),
                '[channels.owner]\ndsn = { env = "OWNER_DSN" }',
            ),
            ((Channel.TRAIL_VERIFIER,), 'verify = ["verify-audit"]'),
            ((Channel.LOG,), '[channels.log]\nfile = "/var/log/server.jsonl"'),
            ((Channel.CLOCK,), '[channels.clock]\nfile = "/run/server/clock-offset"'),
            (
                (Channel.LAUNCH,),
                (
                    "[channels.launch]\n"
                    'command = ["server", "--secrets", "{secrets}", "--port", "{port}"]\n'
                    'secrets_dir = "/etc/server/secrets"\nrequired_secrets = ["DB_PASSWORD"]'
                ),
            ),
            ((Channel.WORKERS,), 'several_workers = ["--workers", "2"]'),
            ((Channel.REPOSITORY,), '[channels.repository]\nlint = ["ruff", "check"]'),
            ((Channel.SECURITY_LINT,), 'security_lint = ["ruff", "check", "--select=S"]'),
            ((Channel.AUDIT,), 'audit = ["pip-audit", "--requirement={requirements}"]'),
            (
                (Channel.PULL_REQUEST,),
                (
                    '[channels.repository.pull_request]\ncommand = ["check-body", "{body}"]\n'
                    'body = "## Reviews\\n\\n- security: no\\n\\n## Test plan\\n\\n- [x] run"'
                ),
            ),
            (
                (Channel.MIGRATION,),
                (
                    '[channels.migration]\nfailing = ["server", "migrate"]\n'
                    'owner = { env = "DRILL_OWNER_DSN" }\nreader = { env = "DRILL_READER_DSN" }\n'
                    'table = "notes"'
                ),
            ),
        ),
    ),
)

EXCUSES = """\
[not_applicable]
OAUTH = "no flow to another platform is offered"

[known_failures."AUD-10"]
reason = "why it fails, and what will mend it"
until = 2030-01-31"""
