"""Every setting of the app, in one typed place.

A host writes one dict, ``CHITCHAT``; what it leaves out has the default given here. ``conf.get()`` returns
the frozen ``Settings`` (built once, again after ``setting_changed``). A key that does not exist here is an
``ImproperlyConfigured`` that names it, and a system check says the same before anybody connects.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from chat.ratelimit import Rate

MEMORY_STORE: Final = "chat.stores.memory.MemoryStore"
REDIS_STORE: Final = "chat.stores.redis.RedisStore"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of HOSTILE_INPUTS, each a setting: ``CHITCHAT = {"LIMITS": {"body_characters": 2000}}``.

    Sizes hold always. ``CHITCHAT["RATE_LIMITS"] = False`` lifts the rates and the socket counts, for a
    benchmark (the example site reads it from the environment, ``CHITCHAT_RATE_LIMITS=off``).
    """

    body_characters: int = 4_000  # Unicode code points
    topic_characters: int = 200
    name_graphemes: int = 32
    frame_bytes: int = 64 * 1024  # inbound
    snapshot_bytes: int = 256 * 1024  # messages in one `joined`
    kept: int = 100  # messages of a channel, in process and on Redis
    events_kept: int = 512  # log entries behind resume
    cids_kept: int = 5_000  # remembered sends of a room, likewise
    markers_kept: int = 10_000  # read markers of a room, likewise
    reaction_kinds: int = 20  # kinds of emoji under one message
    reaction_people: int = 1_000  # people behind one emoji
    channels: int = 10_000
    rooms_listed: int = 100  # rooms in `welcome` and in one `heads`
    rooms_of_person: int = 2_000  # personal chats, and private channels, that are looked through for a list
    channel_members: int = 1_000  # people of a private channel
    opening: int = 20  # messages that a room which keeps everything opens with; more when more are unread
    members_listed: int = 100  # people in `joined`; over this, presence tells the count only
    bad_frames: int = 10  # in a row, then the socket closes with 1008
    floods: int = 200  # refusals in a row, then the socket closes with 4429

    file_bytes: int = 10 * 1024 * 1024  # one file
    files_per_message: int = 10
    file_quota_bytes: int = 200 * 1024 * 1024  # a person, a day
    image_pixels: int = 25_000_000  # one picture; telephones make 12 and 24 million
    image_frames: int = 500  # an animation
    animation_pixels: int = 30_000_000  # all frames of an animation together
    thumbnail_pixels: int = 640  # the longer side of the small picture
    image_memory_bytes: int = 576 * 1024 * 1024  # address space of a process that decodes an image
    image_workers: int = 1  # such processes at once

    message: Rate = Rate(5, 1, 10)  # a person
    # What changes a message goes to everybody in its room, too: bounded over all tabs of a person.
    edit: Rate = Rate(5, 1, 10)
    change: Rate = Rate(20, 1, 40)  # deletions and reactions
    command: Rate = Rate(20, 1, 40)  # a connection
    typing: Rate = Rate(1, 3, 1)  # a person and room
    read: Rate = Rate(1, 1, 2)  # a person and room; one more, said on leaving
    rename: Rate = Rate(5, 600, 5)  # successful ones, a person
    name_attempt: Rate = Rate(60, 60, 60)  # a session, or an address without one
    name_new: Rate = Rate(60, 60, 60)  # an address
    login: Rate = Rate(5, 60, 5)  # attempts, an address and name
    direct: Rate = Rate(60, 3600, 30)  # personal chats that a person opens
    invite: Rate = Rate(200, 3600, 50)  # invitations by a person
    channel_by_person: Rate = Rate(5, 3600, 5)
    channel_by_address: Rate = Rate(20, 3600, 20)
    file_rate: Rate = Rate(10, 60, 10)  # uploads of a person
    session_sockets: int = 20
    address_sockets: int = 500


@dataclass(frozen=True, slots=True)
class Times:
    """The rhythm of the server, in seconds."""

    ping_after: float = 25.0  # silence before `ping`
    silent_after: float = 60.0  # silence before the socket closes with 4408
    stalled_after: float = 10.0  # a writer without progress, likewise
    lease: float = 45.0
    lease_renewed: float = 15.0
    grace: float = 5.0  # between the last connection's end and the announcement of leaving
    presence: float = 1.0  # least time between two announcements in a room
    heads: float = 1.0  # least time between two `heads` or `online`
    compare: float = 3.0  # the relay's look at the store's heads
    recheck: float = 30.0  # permissions and names of open connections
    regroup: float = 60.0  # group memberships are taken again: the in-memory layer lets them lapse
    image: float = 20.0  # of processor time for decoding one image; of real time three times that
    guest_kept: float = 30 * 86_400.0  # a guest unseen for this long loses the name


@dataclass(frozen=True, slots=True)
class Settings:
    """``CHITCHAT`` with its defaults."""

    SITE_NAME: str = "Chit-Chat"
    DEFAULT_CHANNEL: str = "General Talk"
    CHANNEL_STORE: str = MEMORY_STORE  # with a REDIS_URL: REDIS_STORE
    HISTORY_STORE: str = "chat.stores.database.DatabaseStore"  # personal chats, channels that keep everything
    ACCOUNTS_KEEP_ALL: bool = False  # accounts may make channels that keep every message
    REDIS_URL: str = ""  # what several processes share: messages, presence, rate limits
    REDIS_PREFIX: str = "chat:"  # of every key
    RESERVED_NAMES: tuple[str, ...] = (
        "admin",
        "administrator",
        "moderator",
        "root",
        "staff",
        "support",
        "system",
        "server",
    )
    ALLOWED_ORIGINS: tuple[str, ...] = ()  # exact origins besides the page's own
    TRUSTED_PROXIES: int = 0  # proxies in front whose X-Forwarded-For entry is believed
    FILE_TYPES: tuple[str, ...] = ("txt", "pdf", "png", "jpg", "jpeg", "gif", "webp")
    X_ACCEL_REDIRECT: str = ""  # the address under which nginx serves MEDIA_ROOT to itself
    LIMITS: Limits = field(default_factory=Limits)
    TIMES: Times = field(default_factory=Times)
    ACCOUNTS: bool = True  # the app's own pages: register, log in, change the password
    RATE_LIMITS: bool = True


def _build(raw: dict[str, Any]) -> Settings:
    values = dict(raw)
    for key, kind in (("LIMITS", Limits), ("TIMES", Times)):
        if key in values:
            values[key] = _known(kind, dict(values[key]), f'CHITCHAT["{key}"]')
    for key in ("RESERVED_NAMES", "ALLOWED_ORIGINS", "FILE_TYPES"):
        if isinstance(values.get(key), str):
            raise ImproperlyConfigured(f'CHITCHAT["{key}"] is a list, not one text: write [{values[key]!r}].')
        if key in values:
            values[key] = tuple(values[key])
    if values.get("REDIS_URL"):
        values.setdefault("CHANNEL_STORE", REDIS_STORE)
    return _known(Settings, values, "CHITCHAT")


T = TypeVar("T")


def _known(kind: type[T], values: dict[str, Any], place: str) -> T:
    allowed = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - allowed):
        raise ImproperlyConfigured(
            f"{place} has no setting {unknown[0]!r}. It has: {', '.join(sorted(allowed))}."
        )
    rates = {one.name for one in fields(kind) if isinstance(one.default, Rate)}  # type: ignore[arg-type]
    return kind(
        **{name: _rate(value, name, place) if name in rates else value for name, value in values.items()}
    )


def _rate(value: Any, name: str, place: str) -> Rate:
    try:
        rate = Rate(*value)
        if min(rate) > 0:
            return rate
    except TypeError:
        pass
    raise ImproperlyConfigured(
        f"{place}: {name!r} is (count, seconds, burst), all above zero, not {value!r}."
    )


@cache
def get() -> Settings:
    """The settings in force.

    Raises ``ImproperlyConfigured`` for a key that does not exist, and for a rate that is none.
    """
    from django.conf import settings

    return _build(getattr(settings, "CHITCHAT", {}))


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "CHITCHAT":
        get.cache_clear()


setting_changed.connect(_forget, dispatch_uid="chat.conf")
