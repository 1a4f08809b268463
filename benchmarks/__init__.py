"""Measurements of the chat's server. How to run them: README.md here."""
