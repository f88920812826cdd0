"""The rows of a policy: who may call what, and at which rate."""

from __future__ import annotations

from conformance.model.row import Row

POLICY = Row(
    "policy",
    "the profile's [policy]: at least two identities, and what each may call",
    "policy.tells_apart",
    example=(
        "[policy.identities.clerk]",
        'key = { env = "CLERK_KEY" }',
        "[policy.identities.guest]",
        "nothing = true",
        "[[policy.rules]]",
        'identity = "clerk"',
        'allow = ["*"]',
        'deny = ["delete_*"]',
        "[[policy.rules]]",
        'identity = "guest"',
        'allow = ["ping"]',
        "[[policy.cells]]",
        'identity = "clerk"',
        'tool = "get_report"',
        'arguments = { period = "week" }',
        'verdict = "allow"',
    ),
)
POLICY_RATES = Row(
    "policy-rates",
    "the profile's [policy.rates]: callers that have more requests than the base rate, or fewer",
    "policy.rates",
    example=(
        "[policy.rates.guest]",
        'session = { env = "GUEST_TOKEN" }',
        "requests = 60",
    ),
)
