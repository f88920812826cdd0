"""Checks of tenants' secrets at rest."""
