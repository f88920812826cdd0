"""The stages of the security chain, one a file; ``pipeline`` puts them in order."""
