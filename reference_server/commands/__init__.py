"""The words of the command line, and what they do beside serving."""
