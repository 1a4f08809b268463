"""Django's admin for channels and people: what is live, and what staff may do about it.

It never writes a row by itself: names are claimed, numbers taken and people told by the services. Nothing
is deleted here. A channel's address is never used again and messages say who wrote them, so a channel is
archived, and a person leaves.
"""

from chat.admin import channels, people  # noqa: F401  (registers them)
