"""Who is here. ``base`` is the promise."""
