"""What every domain stands on: the words, errors, settings, secrets, the clock, the principal."""
