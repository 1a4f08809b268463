"""Where messages live. ``base`` is the promise; every store keeps it and passes the same contract tests."""
