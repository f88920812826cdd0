"""A tap between a server and PostgreSQL: shows what is left on the server's connections."""
