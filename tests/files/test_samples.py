"""The whole corpus through the pipeline, over HTTP: each refused in words, at once, and nothing is left."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from people import GENERAL, Site

from chat.models import Attachment
from chat.views.answers import STATUS
from files.forms import kept
from files.samples import HOSTILE, Hostile

pytestmark = pytest.mark.django_db(transaction=True)

# Each takes less than 2 s on a machine that does nothing else; the tests have it for themselves never.
SECONDS = 10.0


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_file_is_refused_and_leaves_nothing(
    site: Site, media_root: Path, hostile: Hostile, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("Alice")
    content = hostile.make()
    assert len(content) < site.runtime.settings.LIMITS.file_bytes
    begun = time.perf_counter()
    fields: dict[str, Any] = {"room": GENERAL, "file": SimpleUploadedFile(hostile.name, content)}
    response = await alice.http.post("/files/", fields)
    assert time.perf_counter() - begun < SECONDS
    error = response.json()["error"]
    assert (error["code"], response.status_code) == (hostile.code, STATUS[hostile.code])
    assert error["detail"]
    assert not kept(media_root)
    assert not await Attachment.objects.aexists()
    assert "Traceback" not in caplog.text
