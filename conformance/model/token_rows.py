"""The rows of session tokens: such as there are, how they are signed, begun, ended and carried."""

from __future__ import annotations

from conformance.model.row import Row

SESSION_TOKEN = Row(
    "session-token",
    "a credential of tenant A's that is a signed token (JWT): the profile's tenants.a.session, or"
    " its tenants.a.key",
    "has_tokens",
    otherwise="name a signed token (JWT) in tenants.a.session, or in tenants.a.key",
)
SIGNING = Row(
    "signing",
    "the profile's [channels.signing]: the key by which session tokens are signed",
    "channels.signing",
    example=("[channels.signing]", 'secret = { env = "JWT_SECRET" }'),
)
TOKEN_SIGNER = Row(
    "token-signer",
    "pip install cryptography: signatures by private keys",
    "has_token_signer",
    otherwise="run pip install cryptography",
)
SESSION_START = Row(
    "session-start",
    "the profile's [sessions] start: what begins a session with a tenant's key",
    "sessions.start",
    example=("[sessions]", 'start = "/auth/session"', 'token = "token"'),
)
SESSION_END = Row(
    "session-end",
    "the profile's [sessions] end: what ends the session whose token it is sent with",
    "sessions.end",
    example=('end = { method = "DELETE", path = "/auth/session" }',),
)
WAYS = Row(
    "ways",
    "the profile's [[sessions.ways]]: each way by which a token may come, at least two",
    "sessions.several_ways",
    example=(
        "[[sessions.ways]]",
        'header = "Authorization"',
        'scheme = "Bearer"',
        "[[sessions.ways]]",
        'cookie = "session"',
    ),
)
