"""Spellings of one path that a guard and a router may read differently."""

from __future__ import annotations


def variants(path: str) -> list[str]:
    """Return spellings of ``path`` (as ``/mcp``) other than itself."""
    name = path.strip("/") or "mcp"
    first, rest = name[0], name[1:]
    encoded = f"%{ord(first):02x}{rest}"
    return [
        f"/{name.upper()}",
        f"/{name.capitalize()}",
        f"//{name}",
        f"/{name}/",
        f"/{name}//",
        f"/./{name}",
        f"/x/../{name}",
        f"/{name}/.",
        f"/{name}/x/..",
        f"/{encoded}",
        f"/{encoded.upper()}",
        f"/%2f{name}",
        f"/{name}%2f",
        f"/{name}%00",
        f"/%25{ord(first):02x}{rest}",
        f"/{name};x=1",
        f"/;x/{name}",
        f"/{name}?",
        f"/{name}?x=/health",
        f"/{name}#/health",
        f"/health/../{name}",
        f"/health/..%2f{name}",
        f"/health/%2e%2e/{name}",
        f"/health;/../{name}",
        f"/\\{name}",
        f"/{name}.json",
    ]


def overrides(path: str) -> list[tuple[str, str]]:
    """Return headers by which some routers let a request claim another method or path."""
    return [
        ("X-HTTP-Method-Override", "POST"),
        ("X-HTTP-Method", "POST"),
        ("X-Method-Override", "POST"),
        ("X-Original-URL", path),
        ("X-Rewrite-URL", path),
        ("X-Forwarded-Prefix", path),
        ("X-Forwarded-Path", "/health"),
        ("X-Original-URL", "/health"),
    ]
