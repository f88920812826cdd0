"""Who may reach what: tiers, the servers that tools belong to, and the one decision."""
