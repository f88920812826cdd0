"""CHAIN: by which way a credential comes, and which of several counts."""
