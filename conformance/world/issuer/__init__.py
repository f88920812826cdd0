"""An OpenID provider and OAuth authorization server that the judge plays, and can lead astray.

It is a real one (OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7636, RFC 8414, RFC 9068,
RFC 9207): discovery, keys, a login form, tokens, userinfo. Whoever knows the control word mints
tokens with it, exchanges its keys, and has it answer as no issuer should.
"""
