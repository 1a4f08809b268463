"""A host where people log in with their e-mail address, on pages of its own."""
