"""JWT: which tokens count as sessions, and which must not."""
