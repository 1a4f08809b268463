"""``manage.py chat_prune``: delete the files that no message has any more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chat.files.sizes import size_words
from chat.services import releases


class Command(BaseCommand):
    help = (
        "Deletes files of messages that are gone, and files that were uploaded and not sent within an hour. "
        "Safe at any time, beside a running server."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count, and delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        found = releases.prune(dry_run=options["dry_run"])
        verb = "Would delete" if options["dry_run"] else "Deleted"
        self.stdout.write(
            f"{verb} {found.released} released and {found.pending} unsent files, {size_words(found.size)}."
        )
        if found.failed:
            self.stderr.write(f"{found.failed} files could not be deleted; the log says why.")
            raise SystemExit(1)
