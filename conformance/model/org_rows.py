"""The rows of organizations: their members, a guest, and how one goes from one to another."""

from __future__ import annotations

from conformance.model.row import Row

ORGS = Row(
    "orgs",
    "the profile's [orgs]: members with roles, and operations that not each of them may carry out",
    "orgs.tells_apart",
    example=(
        "[orgs.members.owner]",
        'session = { env = "OWNER_TOKEN" }',
        "[orgs.members.viewer]",
        'session = { env = "VIEWER_TOKEN" }',
        "[orgs.operations.rename]",
        'method = "PATCH"',
        'path = "/orgs/{org}"',
        'body = { name = "{unique}" }',
        'allow = ["owner"]',
    ),
)
ORG_GUEST = Row(
    "org-guest",
    "the profile's [orgs.guest], and the operations add and remove: one of tenant B's who is made"
    " a member of tenant A's",
    "orgs.has_guest",
    example=(
        "[orgs.guest]",
        'user = { env = "GUEST_ID" }',
        'session = { env = "GUEST_TOKEN" }',
        "[orgs.operations.add]",
        'path = "/orgs/{org}/members"',
        'body = { user = "{user}", role = "{role}" }',
        'allow = ["owner"]',
        'undo = "remove"',
        "[orgs.operations.remove]",
        'method = "DELETE"',
        'path = "/orgs/{org}/members/{user}"',
        'allow = ["owner"]',
        'follows = "add"',
    ),
)
ORG_ROLES = Row(
    "org-roles",
    "the profile's [orgs.operations.change]: what gives the guest another role",
    "orgs.changes_roles",
    example=(
        "[orgs.operations.change]",
        'method = "PATCH"',
        'path = "/orgs/{org}/members/{user}"',
        'body = { role = "{role}" }',
        'allow = ["owner"]',
        'follows = "add"',
    ),
)
ORG_SWITCH = Row(
    "org-switch",
    "the profile's [orgs] switch: what makes another organization the one that is acted for",
    "orgs.switch",
    example=("[orgs]", 'switch = { path = "/orgs/switch", body = { org = "{org}" } }'),
)
