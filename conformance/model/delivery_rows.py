"""The rows of what is delivered to tools, and of how that is seen."""

from __future__ import annotations

from conformance.model.row import Row, tool_row

DELIVERED = Row(
    "delivered",
    "the profile's credentials in [tenants.a] and in [tenants.b]: what tools are given of each",
    "tenants.a.credentials tenants.b.credentials",
    example=(
        "[[tenants.a.credentials]]",
        'name = "GITHUB_TOKEN"',
        'value = { env = "TENANT_A_GITHUB_TOKEN" }',
        "[[tenants.b.credentials]]",
        'name = "GITHUB_TOKEN"',
        'value = { env = "TENANT_B_GITHUB_TOKEN" }',
    ),
)
DOWNSTREAM = Row(
    "downstream",
    "the profile's [world.downstream]: the judge's API, which the target's tools call",
    "world.downstream",
    example=(
        "[world.downstream]",
        "# python -m conformance.world downstream --port 8900 --control FILE",
        'url = "http://127.0.0.1:8900"',
        'control = { env = "DOWNSTREAM_CONTROL" }',
    ),
)
DOWNSTREAM_TOOL = Row(
    "downstream-tool",
    "the profile's [[tools.downstream]]: each tool that calls the judge's API",
    "tools.downstream",
    example=(
        "[tools.downstream]",
        'name = "create_issue"',
        'arguments = { title = "{unique}" }',
        'credential = "GITHUB_TOKEN"',
    ),
)
ECHOING_TOOL = Row(
    "echoing-tool",
    "the profile's [[tools.echoing]]: each tool that answers with its credential",
    "tools.echoing",
    example=(
        "[tools.echoing]",
        'name = "debug"',
        'arguments = { note = "{unique}", form = "{form}" }',
        'credential = "GITHUB_TOKEN"',
    ),
)
ENVIRONMENT_TOOL = tool_row(
    "environment-tool", "environment", "a tool that tells its variables", 'name = "environment"'
)
HOST_VARIABLES = Row(
    "host-variables",
    "the profile's [delivery] host: variables of the target's own process that no tool may have",
    "delivery.host",
    example=("[delivery]", 'host = [{ name = "HOST_WORD", value = { env = "HOST_WORD" } }]'),
)
EXECUTIONS = Row(
    "executions",
    "the profile's [executions]: the log of tools' executions",
    "executions",
    example=("[executions]", 'table = "tool_executions"', 'id = "execution_id"'),
)
