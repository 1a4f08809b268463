"""The channel that everybody enters first."""

from functools import cache

from chat import conf, names


@cache
def _slug_of(name: str) -> str:
    return names.slug(name) or "main"


def default_slug() -> str:
    """The address of the channel that everybody enters first."""
    return _slug_of(conf.get().DEFAULT_CHANNEL)
