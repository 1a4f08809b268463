"""Files on their way in and out: the steps of an upload, and the pieces of an answer.

An upload goes through these, each of which may refuse it with a ``ChatError`` that says what is allowed:
``body`` (what a server may read at all), ``receive`` (one file to disk, counted while it comes), ``kinds``
(the extension), ``sniff`` (what the content is), ``documents`` (text and PDF), ``workshop`` (images, in a
process of their own: ``worker`` and ``images``). Who may upload where is asked in
``chat.services.attachments``, which also stores what has passed.

This package's ``__init__`` imports nothing: the worker starts without Django.
"""
