"""The rows of the issuer that the judge plays, and of what the target takes of it."""

from __future__ import annotations

from conformance.model.row import Row

ISSUER = Row(
    "issuer",
    "the profile's [world.issuer]: the judge's issuer, which the target trusts",
    "world.issuer",
    example=(
        "[world.issuer]",
        "# python -m conformance.world issuer --port 8910 --control FILE --setup FILE",
        'url = "http://127.0.0.1:8910"',
        'control = { env = "ISSUER_CONTROL" }',
    ),
)
ISSUED_TOKENS = Row(
    "issued-tokens",
    "the profile's [world.issuer.access]: access tokens of that issuer, which the target takes",
    "world.issuer.access",
    example=("[world.issuer.access]", 'a = "alice"', 'b = "bob"', 'scope = "mcp"'),
)
LOGIN = Row(
    "login",
    "the profile's [world.issuer.login]: how a browser logs in by way of that issuer",
    "world.issuer.login",
    example=(
        "[world.issuer.login]",
        'start = "/login"',
        'session = "/me"',
        'a = "alice"',
        'b = "bob"',
    ),
)
SIGN_UP = Row(
    "sign-up",
    "the profile's world.issuer.login.newcomer: claims of somebody new, who may sign up",
    "world.issuer.login.newcomer",
    example=('newcomer = { email = "{unique}@example.com", org = "{unique}" }',),
)
