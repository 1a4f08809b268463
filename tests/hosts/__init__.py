"""Hosts with a user model of their own. ``tests/test_user_models.py`` runs each in a process of its own."""
