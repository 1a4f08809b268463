"""What stands in for Django's technical pages where an error is raised outside of views.

Django imports this before the apps are ready: nothing of the chat can be asked here.
"""

from typing import Final

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

# Raised for what a visitor sent, whoever reads it first.
REFUSALS: Final = (BadRequest, SuspiciousOperation, MultiPartParserError)


class SiteReporter(ExceptionReporter):
    """The site's pages, unless somebody asked for technical ones: those show all settings to anybody."""

    def get_traceback_html(self) -> SafeString:
        if settings.DEBUG_PAGES:
            return super().get_traceback_html()
        return render_to_string(f"{self._status}.html")

    def get_traceback_text(self) -> SafeString:
        if settings.DEBUG_PAGES:
            return super().get_traceback_text()
        from chitchat_site.errors import WORDS

        return SafeString(WORDS[self._status])

    @property
    def _status(self) -> int:
        return 400 if isinstance(self.exc_value, REFUSALS) else 500
