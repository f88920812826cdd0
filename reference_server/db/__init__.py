"""The database: connections, schema, rights, and the one tenant of a transaction."""
