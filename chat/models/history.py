"""Messages that are kept: the tables of ``chat.stores.database``, and of nothing else but the admin.

All times are Unix milliseconds, as in the protocol. A room's rows change only under a lock on its
``RoomLog``, which is what makes numbers without gaps.
"""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models.names import NAME_CODE_POINTS

# A room is a kind, a colon and a slug or an id; ids of people and messages are at most this long too.
ROOM_CHARACTERS: Final = 80
ID_CHARACTERS: Final = 64
EMOJI_CHARACTERS: Final = 64


class RoomLog(models.Model):
    """A room's head. Rooms without a row have the epoch of the one without a name, and no messages."""

    room = models.CharField(max_length=ROOM_CHARACTERS, unique=True)
    epoch = models.CharField(max_length=16)
    seq = models.BigIntegerField(default=0)
    n = models.BigIntegerField(default=0)
    active_at = models.BigIntegerField(default=0)
    # The number before that of the oldest message: a log that came from another store does not begin with 1.
    base = models.BigIntegerField(default=0)
    # Until then nothing changes here: the log is on its way to another store, or there for good.
    closed_until = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.room


class Message(models.Model):
    """A message at its present state. Its author is a name and an id: the person may be gone."""

    id = models.CharField(primary_key=True, max_length=16, editable=False)
    log = models.ForeignKey(RoomLog, on_delete=models.DO_NOTHING, db_index=False, related_name="messages")
    seq = models.BigIntegerField()
    n = models.BigIntegerField()
    cid = models.CharField(max_length=ID_CHARACTERS)
    author_id = models.CharField(max_length=ID_CHARACTERS)
    author_name = models.CharField(_("author"), max_length=NAME_CODE_POINTS)
    author_guest = models.BooleanField()
    body = models.TextField(_("text"), blank=True)
    ts = models.BigIntegerField()
    edited_at = models.BigIntegerField(null=True, blank=True)
    deleted = models.BooleanField(default=False)
    reply_to = models.JSONField(null=True, blank=True)
    attachments = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["log", "n"], name="chat_message_n"),
            models.UniqueConstraint(fields=["log", "seq"], name="chat_message_seq"),
            # The same send again is found by it, for ever.
            models.UniqueConstraint(fields=["log", "author_id", "cid"], name="chat_message_cid"),
        ]
        indexes = [
            # Where somebody starts to read who came at a certain time.
            models.Index(fields=["log", "ts", "n"], name="chat_message_ts"),
            # Numbers have no gaps, so a count is a subtraction, less what these two find.
            models.Index(fields=["log", "author_id", "n"], name="chat_message_author"),
            models.Index(fields=["log", "n"], condition=models.Q(deleted=True), name="chat_message_deleted"),
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.body[:40]}"


class MessageReaction(models.Model):
    """One person's emoji under a message. ``place`` orders the kinds: each is where it was first put."""

    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_index=False, related_name="reactions"
    )
    emoji = models.CharField(max_length=EMOJI_CHARACTERS)
    person = models.CharField(max_length=ID_CHARACTERS)
    place = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "emoji", "person"], name="chat_reaction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} {self.person}"


class RoomEvent(models.Model):
    """An entry of the log behind resume. It has no text: a replay reads the present state."""

    log = models.ForeignKey(RoomLog, on_delete=models.DO_NOTHING, db_index=False, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=8)
    message = models.CharField(max_length=16)
    emoji = models.CharField(max_length=EMOJI_CHARACTERS, blank=True)
    person = models.CharField(max_length=ID_CHARACTERS, blank=True)
    on = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "seq"], name="chat_event_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class ReadMarker(models.Model):
    """How far a person has read in a room."""

    log = models.ForeignKey(RoomLog, on_delete=models.DO_NOTHING, db_index=False, related_name="markers")
    person = models.CharField(max_length=ID_CHARACTERS)
    n = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "person"], name="chat_marker_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.n}"
