"""OAUTH: connecting a platform."""
