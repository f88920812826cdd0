"""The rows of the authorization server of MCP clients: who decides there, and what it declares."""

from __future__ import annotations

from conformance.model.row import Row

AUTHORIZATION_USER = Row(
    "authorization-user",
    "the profile's [authorization.users.NAME]: somebody's browser at the authorization server",
    "authorization.users",
    example=(
        "[authorization.users.a]",
        '# or cookies that it has: cookies = { session = { env = "USER_A_SESSION" } }',
        'forms = [{ user = "a@example.org", password = { env = "USER_A_PASSWORD" } }]',
    ),
)
REGISTRATION_LIMIT = Row(
    "registration-limit",
    "the profile's authorization.terms.registrations: how many clients one address may register",
    "authorization.terms.registrations",
    example=("[authorization.terms]", "registrations = 20"),
)
CLIENT_DOCUMENTS = Row(
    "client-documents",
    "the profile's [authorization.documents]: where the judge shows client-id metadata documents",
    "authorization.documents",
    example=(
        "[authorization.documents]",
        "# told to the server as one that it may fetch documents from",
        'origin = "http://127.0.0.9:8098"',
    ),
)
NARROW_TOKEN = Row(
    "narrow-token",
    "the profile's [authorization.narrow]: an access token with too few scopes for some call",
    "authorization.narrow",
    example=(
        "[authorization.narrow]",
        'session = { env = "TOKEN_TO_READ" }',
        'needs = ["notes:write"]',
        'allowed = { name = "list_notes" }',
        'denied = { name = "rename_note", arguments = { id = "{id}", title = "as it was" } }',
    ),
)
BROAD_TOKEN = Row(
    "broad-token",
    "the profile's [authorization.broad]: one whose scopes imply those that the call takes",
    "authorization.broad",
    example=("[authorization.broad]", 'session = { env = "TOKEN_TO_ADMINISTER" }'),
)
