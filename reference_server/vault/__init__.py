"""Tenants' secrets at rest: where they lie, and under which keys."""
