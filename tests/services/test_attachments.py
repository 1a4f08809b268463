"""Files in messages: taken by one send and never by two, let go with their message, deleted at last."""

import asyncio
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from files import samples
from files.forms import content_of, kept, uploaded
from people import GENERAL, Site, Tab, Visitor

from chat.errors import NotFound, Unavailable
from chat.models import Attachment
from chat.services import attachments, moderation, releases
from chat.services.releases import Pruned

pytestmark = pytest.mark.django_db(transaction=True)

State = Attachment.State


async def state_of(attachment: dict[str, Any]) -> str:
    return str((await Attachment.objects.aget(pk=attachment["id"])).state)


async def make_older(hours: float) -> None:
    """As if everything had happened so long ago."""
    then = timezone.now() - timedelta(hours=hours)
    await Attachment.objects.aupdate(created_at=then, changed_at=then)


async def prune(dry_run: bool = False) -> Pruned:
    return await sync_to_async(releases.prune)(dry_run=dry_run)


async def comes(site: Site, name: str = "Alice") -> tuple[Visitor, Tab]:
    visitor = await site.visitor(name)
    return visitor, await visitor.enter()


# --- into a message -------------------------------------------------------------------------------


async def test_a_message_has_a_text_and_several_files_in_the_order_they_were_given(site: Site) -> None:
    """A15."""
    alice, tab = await comes(site)
    _, bob = await comes(site, "Bob")
    files = [await uploaded(alice, f"{n}".encode(), f"{n}.txt") for n in range(3)]
    picture = await uploaded(alice, samples.picture("PNG", (900, 600)), "a.png")
    order = [picture, *reversed(files)]
    await tab.say("look at these", attachments=[one["id"] for one in order])
    message = await bob.hears("look at these")
    assert message["attachments"] == order
    assert (await bob.join())["messages"][0]["attachments"] == order


async def test_files_need_no_text_and_white_space_is_none(site: Site) -> None:
    alice, tab = await comes(site)
    for body in ("", " \n\u200b"):
        attachment = await uploaded(alice)
        await tab.say(body, attachments=[attachment["id"]])
        assert (await tab.until("event"))["message"]["body"] == ""
    assert await tab.refusal("send", room=GENERAL, cid=str(uuid4()), body="") == "empty"


async def test_a_text_beside_files_has_its_limit(site: Site, limits: Any) -> None:
    limits(body_characters=5)
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    fields = {"room": GENERAL, "cid": str(uuid4()), "attachments": [attachment["id"]]}
    assert await tab.refusal("send", body="too long", **fields) == "too_long"
    assert await state_of(attachment) == State.PENDING


async def test_the_text_of_a_message_with_files_can_be_taken_away_and_that_of_another_not(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    with_file = await tab.say("look", attachments=[attachment["id"]])
    without = await tab.say("look")
    assert (await tab.ask("edit", room=GENERAL, id=with_file["id"], body=""))["type"] == "ok"
    assert await tab.refusal("edit", room=GENERAL, id=without["id"], body="") == "empty"


async def test_a_quote_of_a_file_without_a_text_is_its_name(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice, b"hello", "plan.txt")
    answered = await tab.say("", attachments=[attachment["id"]])
    await tab.say("thanks", reply_to=answered["id"])
    assert (await tab.hears("thanks"))["reply_to"]["excerpt"] == "plan.txt"


async def test_a_sent_file_is_noted_with_its_message(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    ack = await tab.say("look", attachments=[attachment["id"]])
    await site.tick(1)
    row = await Attachment.objects.aget()
    epoch = (await site.runtime.store.heads([GENERAL]))[GENERAL].epoch
    assert (row.state, row.message, row.epoch, row.cid) == (State.SENT, ack["id"], epoch, ack["cid"])
    assert not site.runtime.files


async def refuses(tab: Tab, *ids: str, room: str = GENERAL) -> str:
    return await tab.refusal("send", room=room, cid=str(uuid4()), body="x", attachments=list(ids))


async def test_a_file_of_another_person_room_or_message_is_not_found(site: Site) -> None:
    (alice, tab), (_, bob) = await comes(site), await comes(site, "Bob")
    attachment, other = await uploaded(alice), await uploaded(alice)
    crew = await alice.make_channel("Pit crew")
    assert await refuses(bob, attachment["id"]) == "not_found"
    assert await refuses(tab, attachment["id"], room=crew) == "not_found"
    assert await refuses(tab, "no-such-file") == "not_found"
    await tab.say("", attachments=[other["id"]])
    assert await refuses(tab, other["id"]) == "not_found"
    # All or none: the good one among them is still pending.
    assert await refuses(tab, attachment["id"], other["id"]) == "not_found"
    assert await state_of(attachment) == State.PENDING
    await tab.say("", attachments=[attachment["id"]])


async def test_a_message_has_only_so_many_files_and_each_once(site: Site, limits: Any) -> None:
    limits(files_per_message=2)
    alice, tab = await comes(site)
    ids = [(await uploaded(alice))["id"] for _ in range(3)]
    assert await refuses(tab, *ids) == "invalid"
    assert await refuses(tab, ids[0], ids[0]) == "invalid"
    await tab.say("", attachments=ids[:2])


async def test_the_same_send_again_has_the_same_answer(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    cid = str(uuid4())
    first = await tab.say("look", cid=cid, attachments=[attachment["id"]])
    await site.tick(1)
    for ids in ([attachment["id"]], [], ["no-such-file"]):
        again = await tab.say("look", cid=cid.upper(), attachments=ids)
        assert again["duplicate"]
        assert (again["id"], again["seq"]) == (first["id"], first["seq"])
    another = await uploaded(alice)
    await tab.say("look", cid=cid, attachments=[another["id"]])
    assert await state_of(another) == State.PENDING
    assert len((await tab.join())["messages"]) == 1


async def test_the_same_send_twice_at_once_is_one_message_and_two_equal_answers(site: Site) -> None:
    alice, one = await comes(site)
    other = await alice.enter()
    attachment = await uploaded(alice)
    cid = str(uuid4())
    acks = await asyncio.gather(
        *(tab.say("look", cid=cid, attachments=[attachment["id"]]) for tab in (one, other))
    )
    assert acks[0]["id"] == acks[1]["id"]
    assert sorted(ack["duplicate"] for ack in acks) == [False, True]


async def test_of_ten_sends_that_want_one_file_at_once_one_gets_it(site: Site) -> None:
    alice, _ = await comes(site)
    wanted, spare = await uploaded(alice), [await uploaded(alice) for _ in range(9)]
    author = (await Attachment.objects.select_related("uploader").aget(pk=wanted["id"])).uploader
    assert author is not None

    def take(cid: str, ids: list[str]) -> bool:
        try:
            attachments._take(author.id, GENERAL, cid, ids)
        except NotFound:
            return False
        finally:
            connections.close_all()  # of this thread alone
        return True

    async def wins(number: int) -> bool:
        # With a file of its own before or behind it, so that the order of rows differs.
        own = [spare[number]["id"]] if number < 9 else []
        ids = [wanted["id"], *own] if number % 2 else [*own, wanted["id"]]
        return await sync_to_async(take, thread_sensitive=False)(f"{number}", ids)

    assert sum(await asyncio.gather(*map(wins, range(10)))) == 1
    winner = (await Attachment.objects.aget(pk=wanted["id"])).cid
    assert await Attachment.objects.filter(state=State.SENT).acount() in (1, 2)
    assert not await Attachment.objects.exclude(state=State.PENDING).exclude(cid=winner).aexists()


async def test_a_send_that_the_store_did_not_take_can_be_tried_again(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    cid = str(uuid4())
    down = mock.patch.object(site.runtime.store, "append", side_effect=Unavailable("The store is down."))
    fields = {"room": GENERAL, "body": "look", "attachments": [attachment["id"]]}
    with down:
        assert await tab.refusal("send", cid=cid, **fields) == "unavailable"
    # The file waits for this send, and for no other.
    assert await refuses(tab, attachment["id"]) == "not_found"
    assert not (await tab.say(cid=cid, **fields))["duplicate"]


async def test_a_message_without_files_does_not_ask_the_database(site: Site, no_database: Any) -> None:
    _, tab = await comes(site)
    await tab.say("first")
    with no_database():
        for _ in range(3):
            await tab.say("hello")
            await site.tick(0.25)
        await releases.settle(site.runtime)


# --- let go ---------------------------------------------------------------------------------------


async def test_the_101st_message_releases_the_file_of_the_first_and_prune_removes_it(
    site: Site, settings: Any, media_root: Path
) -> None:
    """A8, A14."""
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    alice, tab = await comes(site)
    attachment = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    await tab.say("", attachments=[attachment["id"]])
    for number in range(99):
        await tab.say(f"{number}")
    await site.tick(1)
    assert await state_of(attachment) == State.SENT
    assert await prune() == Pruned(0, 0, 0, 0)
    await tab.say("the 101st")
    assert (await alice.http.get(attachment["url"])).status_code == 404
    await site.tick(1)
    assert await state_of(attachment) == State.RELEASED
    assert len(kept(media_root)) == 2
    assert await prune() == Pruned(1, 0, attachment["size"], 0)
    assert not kept(media_root)
    assert not await Attachment.objects.aexists()


async def test_a_message_that_staff_removed_lets_its_files_go(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    ack = await tab.say("", attachments=[attachment["id"]])
    await moderation.remove_message(site.runtime, "root", GENERAL, ack["id"])
    await site.tick(1)
    assert await state_of(attachment) == State.RELEASED


async def test_a_message_that_was_not_deleted_keeps_its_files(site: Site) -> None:
    (alice, tab), (_, bob) = await comes(site), await comes(site, "Bob")
    attachment = await uploaded(alice)
    ack = await tab.say("", attachments=[attachment["id"]])
    assert await bob.refusal("delete", room=GENERAL, id=ack["id"]) == "forbidden"
    await site.tick(1)
    assert await state_of(attachment) == State.SENT


async def test_a_cleared_room_lets_all_its_files_go_in_batches(
    site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    monkeypatch.setattr(releases, "BATCH", 2)
    alice, tab = await comes(site)
    crew = await alice.make_channel("Pit crew")
    elsewhere = await uploaded(alice, room=crew)
    await tab.say("", room=crew, attachments=[elsewhere["id"]])
    for _ in range(5):
        await tab.say("", attachments=[(await uploaded(alice))["id"]])
    await moderation.clear_room(site.runtime, "root", GENERAL)
    later = await uploaded(alice)
    await tab.say("", attachments=[later["id"]])
    for _ in range(8):
        await site.tick(1)
    assert not site.runtime.files
    assert await Attachment.objects.filter(state=State.RELEASED).acount() == 5
    assert (await state_of(elsewhere), await state_of(later)) == (State.SENT, State.SENT)


@pytest.mark.in_process
async def test_after_a_restart_the_files_of_lost_messages_are_released_and_pending_ones_stay(
    site: Site,
) -> None:
    alice, tab = await comes(site)
    lost, pending = await uploaded(alice), await uploaded(alice)
    await tab.say("", attachments=[lost["id"]])
    await site.tick(1)
    await site.restart()
    tab = await alice.enter()
    fresh = await uploaded(alice)
    await tab.say("", attachments=[fresh["id"]])
    await tab.say("", attachments=[pending["id"]])
    await site.tick(31)
    await site.tick(1)
    assert [await state_of(one) for one in (lost, pending, fresh)] == [
        State.RELEASED,
        State.SENT,
        State.SENT,
    ]
    assert await content_of(await alice.http.get(fresh["url"])) == b"hello"


async def test_a_store_that_outlives_its_process_releases_nothing_at_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    await tab.say("", attachments=[attachment["id"]])
    await site.tick(1)
    await site.restart()
    monkeypatch.setattr(type(site.runtime.store), "in_process", False)
    await releases.review(site.runtime)
    await releases.settle(site.runtime)
    assert await state_of(attachment) == State.SENT


async def test_a_send_that_was_never_stored_lets_its_files_go_after_an_hour(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    down = mock.patch.object(site.runtime.store, "append", side_effect=Unavailable("The store is down."))
    with down:
        await tab.refusal("send", room=GENERAL, cid=str(uuid4()), body="", attachments=[attachment["id"]])
    await make_older(hours=0.9)
    await releases.review(site.runtime)
    assert not site.runtime.files
    await make_older(hours=1.1)
    await releases.review(site.runtime)
    await releases.settle(site.runtime)
    assert await state_of(attachment) == State.RELEASED


async def test_a_message_that_could_not_be_noted_is_found_again(site: Site) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    ack = await tab.say("", attachments=[attachment["id"]])
    site.runtime.files.bound.clear()  # as if the process had ended before the sweep
    await make_older(hours=1.1)
    await releases.review(site.runtime)
    await releases.settle(site.runtime)
    row = await Attachment.objects.aget()
    assert (row.state, row.message) == (State.SENT, ack["id"])


async def test_what_a_database_that_is_down_did_not_take_is_written_later(
    site: Site, no_database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    alice, tab = await comes(site)
    attachment = await uploaded(alice)
    ack = await tab.say("", attachments=[attachment["id"]])
    with no_database():
        await site.tick(1)
    assert "settle_files" in caplog.text
    await tab.ask("delete", room=GENERAL, id=ack["id"])
    await site.tick(1)
    assert (await Attachment.objects.aget()).message == ack["id"]
    assert await state_of(attachment) == State.RELEASED


# --- deleted --------------------------------------------------------------------------------------


async def test_a_file_that_nobody_sent_is_deleted_after_an_hour(site: Site, media_root: Path) -> None:
    alice, _ = await comes(site)
    await uploaded(alice, b"old")
    await make_older(hours=1.1)
    young = await uploaded(alice, b"young")
    assert await prune(dry_run=True) == Pruned(0, 1, 3, 0)
    assert len(kept(media_root)) == 2
    assert await prune() == Pruned(0, 1, 3, 0)
    assert [one.read_bytes() for one in kept(media_root)] == [b"young"]
    assert await state_of(young) == State.PENDING


async def test_a_file_that_is_sent_while_prune_looks_stays(
    site: Site, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = await comes(site)
    attachment = await uploaded(alice)
    await make_older(hours=1.1)
    author = (await Attachment.objects.select_related("uploader").aget()).uploader
    assert author is not None
    release = releases.release

    def sent_meanwhile(rows: Any) -> int:
        attachments._take(author.id, GENERAL, "a cid", [attachment["id"]])
        monkeypatch.setattr(releases, "release", release)
        return release(rows)

    monkeypatch.setattr(releases, "release", sent_meanwhile)
    assert await prune() == Pruned(0, 0, 0, 0)
    assert await state_of(attachment) == State.SENT
    assert len(kept(media_root)) == 1


async def test_a_file_that_cannot_be_deleted_comes_again_the_next_time(
    site: Site, media_root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice, _ = await comes(site)
    for content in (b"one", b"two", b"three"):
        await uploaded(alice, content)
    await make_older(hours=2)
    monkeypatch.setattr(releases, "BATCH", 2)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.files.storage.FileSystemStorage.delete", mock.Mock(side_effect=OSError))
        assert (await prune()).failed == 3
    assert "could not be deleted" in caplog.text
    assert await prune() == Pruned(3, 0, 11, 0)
    assert not kept(media_root)


async def test_rows_without_files_are_deleted_too(site: Site, media_root: Path) -> None:
    alice, _ = await comes(site)
    await uploaded(alice)
    for one in kept(media_root):
        one.unlink()
    await make_older(hours=2)
    await prune()
    assert not await Attachment.objects.aexists()


async def test_the_command_says_what_it_did(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, _ = await comes(site)
    await uploaded(alice, b"x" * 2048)
    await make_older(hours=2)

    async def said(*arguments: str) -> str:
        out = StringIO()
        await sync_to_async(call_command)("chat_prune", *arguments, stdout=out, stderr=out)
        return out.getvalue()

    assert await said("--dry-run") == "Would delete 0 released and 1 unsent files, 2 KB.\n"
    assert await said() == "Deleted 0 released and 1 unsent files, 2 KB.\n"
    assert await said() == "Deleted 0 released and 0 unsent files, 0 bytes.\n"
    await uploaded(alice)
    await make_older(hours=2)
    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.delete", mock.Mock(side_effect=OSError))
    with pytest.raises(SystemExit):
        await said()
