"""What is PostgreSQL's alone is collected where the tests run on it: `bin/test postgres`."""

from django.db import connection

collect_ignore = [] if connection.vendor == "postgresql" else ["test_database_postgres.py"]
