"""The wire channel: HTTP to the target, and what comes back."""
