"""The rows of tools that a profile names for what they do."""

from __future__ import annotations

from conformance.model.row import Row, tool_row

VALIDATED_TOOL = Row(
    "validated-tool",
    "the profile's [tools.validated]: a tool with an enum argument",
    "tools.validated",
    example=(
        "[tools.validated]",
        'name = "get_report"',
        'arguments = { period = "week" }',
        'bad_arguments = { period = "fortnight" }',
    ),
)
FAILING_TOOL = tool_row(
    "failing-tool",
    "failing",
    "a tool that raises what it is told",
    'name = "raise_error"',
    'message_argument = "message"',
)
BY_ID_TOOL = Row(
    "by-id-tool",
    "the profile's [[tools.by_id]]: each tool that takes an object's id",
    "tools.by_id",
    example=(
        "[[tools.by_id]]",
        'name = "get_report"',
        'argument = "reportId"',
        'listed_by = "list_reports"',
    ),
)
ASKING_TOOL = Row(
    "asking-tool",
    "the profile's [[tools.asking]]: each tool that asks the user before it acts",
    "tools.asking",
    example=(
        "[tools.asking]",
        'name = "delete_report"',
        'arguments = { report = "none-that-matters" }',
        "answer = { confirm = true }",
    ),
)
TASK_TOOL = tool_row("task-tool", "task", "a tool that runs as a task", 'name = "export_reports"')
CHANGING_TOOL = tool_row(
    "changing-tool",
    "change",
    "a tool that changes a resource of its caller's",
    'name = "rename_report"',
    'arguments = { reportId = "{id}", title = "{unique}" }',
)
TELLING_TOOL = Row(
    "telling-tool",
    "the profile's [[tools.telling]]: each tool that tells of its progress, or logs",
    "tools.may_tell",
    example=("[tools.telling]", 'name = "export_reports"'),
)
FETCHING_TOOL = Row(
    "fetching-tool",
    "the profile's [[tools.fetching]]: each tool that fetches a URL of its caller's",
    "tools.fetching",
    example=(
        "[tools.fetching]",
        'name = "preview"',
        'argument = "url"',
        '# told to the target as one that it may fetch from: origin = "http://127.0.0.9:8099"',
    ),
)
