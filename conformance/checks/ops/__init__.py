"""OPS: operating the service."""
