"""What has to be installed for what."""

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

DEV = Path(__file__).resolve().parents[1] / "requirements-dev.txt"

# They run these tests, in ``bin/test``.
RUNNERS = {"pytest-xdist", "slipcover"}


def test_the_quick_tests_need_only_requirements_txt() -> None:
    added = set(re.findall(r"^[\w-]+(?=[\[>])", DEV.read_text(encoding="utf-8"), re.MULTILINE)) - RUNNERS
    assert "playwright" in added
    # All quick tests are imported before the first one runs.
    imported = {name.partition(".")[0] for name in sys.modules}
    owners = {module: set(names) & added for module, names in packages_distributions().items()}
    assert {module for module in imported if owners.get(module)} == set()
