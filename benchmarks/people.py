"""Makes the database of a benchmark: `python -m benchmarks.people COUNT` prints the session keys as JSON.

``DATABASE_URL`` says where. The people are guests who have been in the default channel before, so that a join
is that of somebody who comes back: the first visit to a channel writes it to the session once.
"""

import json
import os
import sys
from datetime import timedelta

import django


def make(count: int) -> list[str]:
    """Migrate, then add guests; returns the keys of their sessions."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.core.management import call_command
    from django.utils import timezone

    from chat.models import Person
    from chat.services.channels import default_slug
    from chat.services.identity import CHANNEL_KEY, NAME_KEY, PERSON_KEY

    call_command("migrate", verbosity=0, interactive=False)
    people = Person.objects.bulk_create(Person(name=f"Guest {number:04}") for number in range(count))
    store = SessionStore()
    expires = timezone.now() + timedelta(days=1)
    sessions = Session.objects.bulk_create(
        Session(
            session_key=store._get_new_session_key(),
            session_data=store.encode(
                {PERSON_KEY: person.id, NAME_KEY: person.name, CHANNEL_KEY: default_slug()}
            ),
            expire_date=expires,
        )
        for person in people
    )
    return [session.session_key for session in sessions]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chitchat_site.settings")
    django.setup()
    json.dump(make(int(sys.argv[1])), sys.stdout)
