"""A run of the judge under pytest: options, session, fixtures, outcome, record, terminal."""
