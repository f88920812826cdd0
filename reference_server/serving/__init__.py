"""The HTTP server: its processes, its parser, and how production starts."""
