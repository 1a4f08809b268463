"""Chit-Chat: real-time channels for a Django project, in one reusable app."""

__version__ = "0.1.0"
