"""What answers at the URLs of the authorization server, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.oauth.contracts import Desks
from reference_server.web.authorization.consent import ConsentDesk
from reference_server.web.authorization.registration import RegistrationDesk
from reference_server.web.authorization.server import Server

if TYPE_CHECKING:
    from reference_server.oauth.contracts import AuthorizationParts
    from reference_server.parts import Parts


def make_desks(
    parts: Parts,
    authorization: AuthorizationParts,
    tokens: type[Server] = Server,
    consent: type[ConsentDesk] = ConsentDesk,
    registration: type[RegistrationDesk] = RegistrationDesk,
) -> Desks:
    """Return the desks of a server."""
    server = tokens(parts, authorization)
    return Desks(server, consent(server), registration(server))
