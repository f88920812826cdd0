"""The word by which a proxy that has the secret speaks for a caller: to try one, and to copy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from reference_server.core.clock import SystemClock
from reference_server.core.secrets import PROXY_SIGNING, SIGNING_BYTES, read_secret
from reference_server.core.vocabulary import Tier

if TYPE_CHECKING:
    import argparse


def add_proxy_options(parser: argparse.ArgumentParser) -> None:
    """Add who is spoken for, and in which request."""
    parser.add_argument(
        "--secrets", type=Path, required=True, help=f"the directory of {PROXY_SIGNING}"
    )
    parser.add_argument("--tenant", type=UUID, required=True, help="the caller's tenant")
    parser.add_argument("--subject", default="somebody", help="who the proxy knows the caller as")
    parser.add_argument("--tier", type=Tier, choices=list(Tier), default=Tier.USER)
    parser.add_argument("--role", action="append", default=[], help="as often as needed")
    parser.add_argument("--method", default="POST", help="of the request (default POST)")
    parser.add_argument("--path", default="/mcp", help="of the request (default /mcp)")


def tell_word(arguments: argparse.Namespace) -> int:
    """Write the header's value; return the exit code. ConfigurationError without the secret."""
    from reference_server.sessions.proxy import Bound, Identity, sign

    secret = read_secret(arguments.secrets, PROXY_SIGNING, minimum=SIGNING_BYTES)
    identity = Identity(
        tenant=arguments.tenant,
        subject=arguments.subject,
        tier=arguments.tier,
        roles=tuple(arguments.role),
    )
    bound = Bound(arguments.method, arguments.path)
    sys.stdout.write(sign(secret, identity, bound, SystemClock().now()) + "\n")
    return 0
