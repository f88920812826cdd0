"""AUTH: who gets in."""
