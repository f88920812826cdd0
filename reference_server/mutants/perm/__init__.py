"""Defects of permissions: lists, calls, promotions and revocations."""
