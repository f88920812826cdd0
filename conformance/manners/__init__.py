"""What a run spares its target: declared limits, Retry-After, client addresses."""
