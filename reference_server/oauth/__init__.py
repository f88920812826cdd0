"""The states of OAuth flows."""
