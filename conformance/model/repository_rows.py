"""The rows of what is done with a target's source: linted, audited, reviewed."""

from __future__ import annotations

from conformance.model.row import Row

REPOSITORY = Row(
    "repository",
    "the profile's [channels.repository]: the lint command of its source",
    "channels.repository",
    example=("[channels.repository]", 'lint = ["ruff", "check"]'),
)
SECURITY_LINT = Row(
    "security-lint",
    "the profile's channels.repository.security_lint: Bandit or its like",
    "channels.repository.security_lint",
    example=('security_lint = ["ruff", "check", "--select=S"]',),
)
AUDIT = Row(
    "audit",
    "the profile's channels.repository.audit: what looks for known advisories",
    "channels.repository.audit",
    example=('audit = ["pip-audit", "--requirement={requirements}"]',),
    starts_programs=True,
)
PULL_REQUEST = Row(
    "pull-request",
    "the profile's [channels.repository.pull_request]: what checks a pull request's body",
    "channels.repository.pull_request.command",
    example=(
        "[channels.repository.pull_request]",
        'command = ["check-body", "{body}"]',
        'body = "## Reviews\\n\\n- security: no\\n\\n## Test plan\\n\\n- [x] run"',
    ),
)
