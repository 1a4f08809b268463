"""Who owns which name."""

from typing import Final

from django.db import models

# A name has at most 32 graphemes; one grapheme may be several code points.
NAME_CODE_POINTS: Final = 128
# A look-alike key can be longer than the name: one character's skeleton may be several.
KEY_CODE_POINTS: Final = 512


class NameKey(models.Model):
    """A claim on a name: nobody else may have one with the same look-alike key.

    A name has one or two keys (``names.keys``), and two names are the same when they share one. The
    unique column makes a claim atomic: of fifty people who want a name at once, one row wins.
    """

    key = models.CharField(max_length=KEY_CODE_POINTS, unique=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key
