"""What only the demo and the tests need: a PostgreSQL of their own, two tenants, a state file."""
