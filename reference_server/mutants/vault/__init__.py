"""Defects of how tenants' secrets are kept."""
