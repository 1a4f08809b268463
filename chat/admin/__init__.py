"""Django's admin for channels, people and files: what is live, and what staff may do about it.

It never writes a row by itself: names are claimed, numbers taken and people told by the services. Channels
and people are not deleted here: an address is never used again and messages say who wrote them, so a
channel is archived, and a person leaves. A file that no message has can be removed.
"""

from chat.admin import attachments, channels, people  # noqa: F401  (registers them)
