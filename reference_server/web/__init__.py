"""The Flask application: the security chain, its stages, the routes, the answers."""
