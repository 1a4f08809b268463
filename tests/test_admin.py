"""The admin: what it shows of the live chat, who may do what in it, and that texts stay texts."""

import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.sessions.models import Session
from django.test import AsyncClient, Client
from django.urls import reverse
from people import GENERAL, Site

from chat.errors import Unavailable
from chat.models import Channel, ChannelNameKey, Person
from chat.services import channels

pytestmark = pytest.mark.django_db(transaction=True)

CHANNELS = "/admin/chat/channel/"
PEOPLE = "/admin/chat/person/"

MARKUP = '<img src=x onerror="alert(1)">'
Staff = Callable[..., Awaitable[AsyncClient]]


async def page(client: AsyncClient, address: str, status: int = 200) -> str:
    response = await client.get(address)
    assert response.status_code == status
    return str(response.content.decode())


async def general() -> Channel:
    return await Channel.objects.aget(slug="general-talk")


async def crew_of(site: Site) -> Channel:
    """A channel that alice has made."""
    alice = await site.visitor("Alice")
    await alice.make_channel("Pit crew")
    return await Channel.objects.aget(slug="pit-crew")


def at(channel: Channel | Person, what: str = "change", *more: str) -> str:
    kind = type(channel).__name__.lower()
    return reverse(f"admin:chat_{kind}_{what}", args=[quote(channel.pk), *more])


async def logged() -> list[str]:
    return [entry.get_change_message() async for entry in LogEntry.objects.order_by("pk")]


async def away(*_: Any) -> Any:
    raise Unavailable("Messages cannot be reached.")


# --- what is live ------------------------------------------------------------------------------------


async def test_the_list_has_live_counts(site: Site, staff: Staff) -> None:
    alice, _ = await site.enter("Alice", "Bob")
    for text in ("one", "two", "three"):
        await alice.say(text)
    shown = await page(await staff("view_channel"), CHANNELS)
    assert '<td class="field-messages_held">3</td>' in shown
    assert '<td class="field-people_here">2</td>' in shown
    assert "It has 2 connections." in shown


async def test_a_channel_where_nothing_happened_has_no_last_activity(site: Site, staff: Staff) -> None:
    assert site.runtime
    shown = await page(await staff("view_channel"), CHANNELS)
    assert '<td class="field-last_activity">-</td>' in shown


async def test_without_asgi_the_admin_says_that_it_does_not_know(
    staff: Staff, client: Client, db: None
) -> None:
    browser = await staff("change_channel", "change_person")
    client.cookies = browser.cookies
    channel = await general()
    shown = await page_of_wsgi(client, CHANNELS)
    assert "does not speak ASGI" in shown
    assert '<td class="field-messages_held">?</td>' in shown
    messages = await page_of_wsgi(client, at(channel, "messages"))
    assert "does not speak ASGI" in messages
    assert "No messages are held" not in messages
    assert "Clear …" not in await page_of_wsgi(client, at(channel))
    await page_of_wsgi(client, at(channel, "clear"), status=403)


async def page_of_wsgi(client: Client, address: str, status: int = 200) -> str:
    response = await sync_to_async(client.get)(address)
    assert response.status_code == status
    return str(response.content.decode())


async def test_search_and_filters_find_channels(site: Site, staff: Staff) -> None:
    channel = await crew_of(site)
    client = await staff("view_channel")
    for query in ("?q=pit", "?q=alice", "?state=open&q=crew", "?keeps__exact=recent&q=crew"):
        assert "Pit crew" in await page(client, CHANNELS + query)
    assert "Pit crew" not in await page(client, CHANNELS + "?q=kitchen")
    assert "Pit crew" not in await page(client, CHANNELS + "?state=archived")
    assert "Pit crew" not in await page(client, CHANNELS + "?state=private")
    await Channel.objects.filter(pk=channel.pk).aupdate(archived_at=channel.created_at)
    assert "Pit crew" in await page(client, CHANNELS + "?state=archived")


# --- messages ----------------------------------------------------------------------------------------


async def test_held_messages_are_shown_as_text_with_their_marks(site: Site, staff: Staff) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    first = await alice.say(MARKUP)
    await bob.say("an answer", reply_to=first["id"])
    gone = await alice.say("a secret")
    await alice.ask("delete", room=GENERAL, id=gone["id"])
    typo = await bob.say("teh")
    await bob.ask("edit", room=GENERAL, id=typo["id"], body="the")
    await bob.ask("react", room=GENERAL, id=typo["id"], emoji="👍", on=True)
    shown = await page(await staff("view_channel"), at(await general(), "messages"))
    assert MARKUP not in shown
    assert escape(MARKUP) in shown
    assert "a secret" not in shown
    for words in ("in answer to", "removed", "edited", "👍"):
        assert words in shown


async def test_messages_come_a_hundred_at_a_time(site: Site, staff: Staff, limits: Any) -> None:
    limits(kept=120, message=(1_000, 1, 1_000))
    (tab,) = await site.enter("Alice")
    for number in range(120):
        await tab.say(f"message-{number}.")
    client = await staff("view_channel")
    address = at(await general(), "messages")
    newest = await page(client, address)
    assert "message-20." in newest
    assert "message-19." not in newest
    assert 'href="?before=21"' in newest
    older = await page(client, address + "?before=21")
    assert "message-19." in older
    assert "message-20." not in older
    assert "?before=" not in older
    for nonsense in ("-1", "x", "9" * 50, "²"):
        assert "message-119." in await page(client, f"{address}?before={nonsense}")


async def test_removing_a_message_is_asked_then_done_for_everybody_and_logged(
    site: Site, staff: Staff
) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    said = await alice.say("buy my pills")
    client = await staff("change_channel")
    channel = await general()
    address = at(channel, "remove", said["id"])
    assert "buy my pills" in await page(client, address)
    assert (await site.runtime.store.get(GENERAL, said["id"])).body == "buy my pills"
    response = await client.post(address)
    assert response.headers["Location"] == at(channel, "messages")
    assert (await bob.until("event", kind="delete"))["id"] == said["id"]
    assert await logged() == ["Removed message 1 of Alice."]
    # Again, and the one that never was: a sentence, no error.
    for gone in (said["id"], "nonsense"):
        response = await client.post(at(channel, "remove", gone), follow=True)
        assert "not here any more" in response.content.decode()


async def test_who_may_only_look_removes_clears_and_archives_nothing(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    said = await tab.say("hello")
    client = await staff("view_channel")
    channel = await general()
    for address in (
        at(channel, "remove", said["id"]),
        at(channel, "clear"),
        at(channel, "archive"),
    ):
        assert (await client.get(address)).status_code == 403
        assert (await client.post(address, {"archived": "False"})).status_code == 403
    await client.post(CHANNELS, {"action": "archive", "_selected_action": [channel.pk]})
    await client.post(CHANNELS, {"action": "clear", "_selected_action": [channel.pk], "confirmed": "yes"})
    await client.post(at(channel), {"name": "Kitchen", "topic": ""})
    assert (await site.runtime.store.get(GENERAL, said["id"])).body == "hello"
    assert await general() == channel
    shown = await page(client, at(channel, "messages"))
    assert "hello" in shown
    assert "Remove" not in shown
    assert "Clear" not in await page(client, at(channel))


async def test_who_may_not_look_sees_nothing(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    said = await tab.say("hello")
    channel = await general()
    client = await staff("view_person")
    for address in (
        CHANNELS,
        at(channel),
        at(channel, "messages"),
        at(channel, "remove", said["id"]),
        at(channel, "clear"),
        at(channel, "archive"),
    ):
        assert (await client.get(address)).status_code == 403
    stranger = AsyncClient()
    assert (await stranger.get(at(channel, "messages"))).status_code == 302


async def test_acts_need_a_csrf_token(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    said = await tab.say("hello")
    client = await staff("change_channel")
    client.handler.enforce_csrf_checks = True
    assert (await client.post(at(await general(), "remove", said["id"]))).status_code == 403
    assert (await site.runtime.store.get(GENERAL, said["id"])).body == "hello"


# --- channels ----------------------------------------------------------------------------------------


async def test_clearing_is_asked_then_done_at_once_and_logged(site: Site, staff: Staff) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    await alice.say("hello")
    client = await staff("change_channel")
    asked = await page(client, at(await general(), "clear"))
    assert "1 message held" in asked
    assert "2 people here" in asked
    await client.post(at(await general(), "clear"))
    for tab in (alice, bob):
        assert (await tab.until("joined", reset=True))["messages"] == []
    assert await logged() == ["Cleared: all messages dropped."]


async def test_several_channels_are_cleared_after_a_page_that_names_them(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    (tab,) = await site.enter("Bob")
    await tab.say("hello")
    await tab.say("hello", room=crew.room)
    client = await staff("change_channel")
    chosen = {"action": "clear", "_selected_action": [str(crew.pk), str((await general()).pk)]}
    asked = (await client.post(CHANNELS, chosen)).content.decode()
    assert "Pit crew" in asked
    assert "General Talk" in asked
    assert (await site.runtime.store.latest(GENERAL, 1)).page.messages
    await client.post(CHANNELS, {**chosen, "confirmed": "yes"})
    for room in (GENERAL, crew.room):
        assert not (await site.runtime.store.latest(room, 1)).page.messages
    assert len(await logged()) == 2


async def test_what_could_not_be_cleared_is_said_and_not_logged(
    site: Site, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = await crew_of(site)
    (tab,) = await site.enter("Bob")
    for room in (GENERAL, crew.room):
        await tab.say("hello", room=room)
    client = await staff("change_channel")
    clear = site.runtime.store.clear

    async def clear_only_the_crew(room: str) -> Any:
        return await (clear if room == crew.room else away)(room)

    monkeypatch.setattr(site.runtime.store, "clear", clear_only_the_crew)
    shown = await client.post(at(await general(), "clear"), follow=True)
    assert "General Talk: Messages cannot be reached." in shown.content.decode()
    chosen = [str((await general()).pk), str(crew.pk)]
    fields = {"action": "clear", "_selected_action": chosen, "confirmed": "yes"}
    shown = (await client.post(CHANNELS, fields, follow=True)).content.decode()
    assert "General Talk: Messages cannot be reached." in shown
    assert "“Pit crew” was cleared." in shown
    assert (await site.runtime.store.latest(GENERAL, 1)).page.messages
    assert await logged() == ["Cleared: all messages dropped."]


async def test_what_could_not_be_archived_is_said_and_not_logged(
    site: Site, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel")

    def away(*_: Any) -> Any:
        raise Unavailable("Messages cannot be reached.")

    monkeypatch.setattr(channels, "change", away)
    shown = await client.post(at(crew, "archive"), {"archived": "False"}, follow=True)
    assert "Pit crew: Messages cannot be reached." in shown.content.decode()
    await crew.arefresh_from_db()
    assert (crew.archived_at, await logged()) == (None, [])


async def test_pages_say_that_what_is_live_cannot_be_asked(
    site: Site, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await general()
    client = await staff("change_channel")
    monkeypatch.setattr(site.runtime.store, "latest", away)
    lists = await client.post(CHANNELS, {"action": "clear", "_selected_action": [str(channel.pk)]})
    pages = [lists.content.decode()]
    for address in (CHANNELS, at(channel), at(channel, "messages"), at(channel, "clear")):
        pages.append(await page(client, address))
    for shown in pages:
        assert "Messages cannot be reached." in shown
        assert "General Talk" in shown
        assert "messages held" not in shown
        assert "No messages are held" not in shown


async def test_archiving_and_opening_again(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    (tab,) = await site.enter("Bob")
    client = await staff("change_channel")
    assert "Archive this channel?" in await page(client, at(crew, "archive"))
    await client.post(at(crew, "archive"), {"archived": "False"})
    assert (await tab.until("channel"))["channel"]["archived"] is True
    # The same form again, from another tab, opens nothing.
    await client.post(at(crew, "archive"), {"archived": "False"})
    await crew.arefresh_from_db()
    assert crew.archived_at is not None
    assert "Open this channel again?" in await page(client, at(crew, "archive"))
    await client.post(at(crew, "archive"), {"archived": "True"})
    assert (await tab.until("channel"))["channel"]["archived"] is False
    assert await logged() == ["Archived.", "Opened again."]


async def test_archiving_several_says_which_one_stays_open(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel")
    chosen = [str(crew.pk), str((await general()).pk)]
    response = await client.post(CHANNELS, {"action": "archive", "_selected_action": chosen}, follow=True)
    shown = response.content.decode()
    assert "General Talk: Everybody enters this channel first" in shown
    assert "1 channel was archived." in shown
    response = await client.post(CHANNELS, {"action": "unarchive", "_selected_action": chosen}, follow=True)
    assert "1 channel was opened again." in response.content.decode()


async def test_a_rename_goes_through_the_service(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    (tab,) = await site.enter("Bob")
    client = await staff("change_channel")
    response = await client.post(at(crew), {"name": "Kitchen", "topic": "Soup"})
    assert response.status_code == 302, response.content.decode()
    told = (await tab.until("channel"))["channel"]
    assert (told["name"], told["topic"], told["slug"]) == ("Kitchen", "Soup", "pit-crew")
    keys = [key async for key in ChannelNameKey.objects.filter(owner=crew).values_list("key", flat=True)]
    assert keys == ["kitchen"]
    assert (await logged())[0].startswith("Changed")


async def test_saving_without_a_change_tells_nobody(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel")
    (tab,) = await site.enter("Bob")
    await client.post(at(crew), {"name": "Pit crew", "topic": ""})
    await site.settle(tab)
    assert tab.heard("channel") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "GENERAL TALK", "topic": ""}, "is taken"),
        ({"name": "Genеral", "topic": ""}, "errornote"),
        ({"name": "", "topic": ""}, "required"),
        ({"name": "Pit crew", "topic": "t\x07t"}, "errornote"),
    ],
)
async def test_a_refused_name_or_topic_is_said_in_the_form(
    site: Site, staff: Staff, fields: dict[str, str], words: str
) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel", "add_channel")
    for address in (at(crew), CHANNELS + "add/"):
        if address.endswith("add/") and fields["name"] == "Pit crew":
            fields = {**fields, "name": "Other crew"}
        response = await client.post(address, fields)
        assert response.status_code == 200
        assert words in response.content.decode()
    assert await Channel.objects.acount() == 2


async def test_a_name_that_is_taken_between_check_and_claim_is_a_sentence(
    site: Site, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel")
    monkeypatch.setattr("chat.services.moderation.check_channel_name", lambda name, own: name)
    response = await client.post(at(crew), {"name": "General Talk", "topic": ""}, follow=True)
    assert "“General Talk” is taken." in response.content.decode()
    await crew.arefresh_from_db()
    assert crew.name == "Pit crew"


async def test_a_channel_is_made_by_the_rules(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Bob")
    client = await staff("add_channel", "change_channel")
    response = await client.post(CHANNELS + "add/", {"name": "Pit crew!", "topic": "Wheels"})
    assert response.status_code == 302
    channel = await Channel.objects.aget(slug="pit-crew")
    assert (channel.name, channel.topic, channel.maker_id) == ("Pit crew!", "Wheels", None)
    assert (await tab.until("channel"))["channel"]["slug"] == "pit-crew"
    assert await ChannelNameKey.objects.filter(owner=channel).aexists()
    await tab.join(channel.room)


async def test_a_channel_is_made_in_the_name_of_the_staffs_person(
    site: Site, staff: Staff, django_user_model: Any
) -> None:
    alice = await site.visitor("Alice")
    client = await staff("add_channel", "change_channel")
    user = await django_user_model.objects.aget()
    await Person.objects.filter(id=alice.me["id"]).aupdate(user=user)
    await client.post(CHANNELS + "add/", {"name": "Pit crew", "topic": ""})
    assert (await Channel.objects.aget(slug="pit-crew")).maker_id == alice.me["id"]


async def test_keys_addresses_and_what_is_kept_cannot_be_written(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    client = await staff("change_channel")
    forged = {"slug": "x", "private": "on", "keeps": "all", "maker": "", "archived_at_0": "2026-01-01"}
    await client.post(at(crew), {"name": "Kitchen", "topic": "", **forged})
    changed = await Channel.objects.aget(pk=crew.pk)
    assert changed.name == "Kitchen"
    assert (changed.slug, changed.private, changed.keeps) == ("pit-crew", False, "recent")
    assert changed.maker_id == crew.maker_id
    assert changed.archived_at is None


async def test_nothing_is_deleted_here(site: Site, staff: Staff) -> None:
    crew = await crew_of(site)
    client = await staff("delete_channel", "view_channel", "change_channel", "delete_person", "view_person")
    person = await Person.objects.aget(name="Alice")
    for one in (crew, person):
        assert (await client.post(at(one, "delete"), {"post": "yes"})).status_code == 403
    await client.post(CHANNELS, {"action": "delete_selected", "_selected_action": [crew.pk], "post": "yes"})
    assert await Channel.objects.filter(pk=crew.pk).aexists()
    assert "A channel is not deleted" in await page(client, at(crew))


@pytest.mark.parametrize("view", ["messages", "clear", "archive"])
async def test_a_channel_that_does_not_exist_is_not_found(staff: Staff, view: str) -> None:
    client = await staff("change_channel")
    for key in ("99999", "x", "../1"):
        address = reverse(f"admin:chat_channel_{view}", args=[key])
        assert (await client.get(address)).status_code in (302, 404)


# --- people ------------------------------------------------------------------------------------------


async def test_the_list_of_people_says_who_is_connected(site: Site, staff: Staff) -> None:
    alice = await site.visitor("Alice")
    await alice.enter()
    await alice.open()
    await site.visitor("Bob")
    client = await staff("view_person")
    shown = await page(client, PEOPLE)
    assert '<td class="field-connections">2 connections</td>' in shown
    assert '<td class="field-connections">no</td>' in shown
    connected = await page(client, PEOPLE + "?connected=1")
    assert "Alice" in connected
    assert "Bob" not in connected


async def test_people_are_found_by_kind_and_name(site: Site, staff: Staff, django_user_model: Any) -> None:
    alice, bob, carol = [await site.visitor(name) for name in ("Alice", "Bob", "Carol")]
    client = await staff("view_person")
    await Person.objects.filter(id=alice.me["id"]).aupdate(user=await django_user_model.objects.aget())
    await bob.http.post("/logout/")
    for query, found in (
        ("kind=account", ["Alice"]),
        ("kind=left", ["Bob"]),
        ("kind=guest", ["Carol"]),
        ("q=al", ["Alice"]),
        (f"q={carol.me['id']}", ["Carol"]),
        (f"q={carol.me['id'][:-1]}", []),  # letters that happen to be in an id find nobody
    ):
        shown = await page(client, f"{PEOPLE}?{query}")
        assert [name for name in ("Alice", "Bob", "Carol") if f">{name}</a>" in shown] == found


async def test_a_persons_page_has_their_sessions_and_no_key_of_one(site: Site, staff: Staff) -> None:
    alice = await site.visitor("Alice")
    await alice.enter()
    await site.work_done()
    client = await staff("view_person")
    shown = await page(client, at(await Person.objects.aget()))
    assert GENERAL in shown
    assert "there may be others" not in shown
    assert alice.http.cookies["sessionid"].value not in shown
    assert "Log out everywhere" not in shown


async def test_a_session_that_is_gone_is_said_to_end(site: Site, staff: Staff) -> None:
    alice = await site.visitor("Alice")
    await alice.enter()
    client = await staff("view_person")
    await Session.objects.filter(session_key=alice.http.cookies["sessionid"].value).adelete()
    shown = await page(client, at(await Person.objects.aget()))
    assert "its connection closes within 30 seconds" in shown


async def test_a_person_is_renamed_through_the_service(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    client = await staff("change_person")
    person = await Person.objects.aget()
    response = await client.post(at(person), {"name": "Alicia"})
    assert response.status_code == 302, response.content.decode()
    assert (await tab.until("me"))["me"]["name"] == "Alicia"
    refused = await client.post(at(person), {"name": "admin"})
    assert refused.status_code == 200
    await site.visitor("Bob")
    taken = await client.post(at(person), {"name": "BOB"}, follow=True)
    assert "“BOB” is taken." in taken.content.decode()
    await person.arefresh_from_db()
    assert person.name == "Alicia"


async def test_who_has_left_cannot_be_renamed_or_logged_out(site: Site, staff: Staff) -> None:
    alice = await site.visitor("Alice")
    await alice.http.post("/logout/")
    client = await staff("change_person")
    person = await Person.objects.aget()
    shown = await page(client, at(person))
    assert "This person has left" in shown
    assert 'name="name"' not in shown
    await client.post(at(person), {"name": "Alicia"})
    response = await client.post(at(person, "end"), follow=True)
    assert "This person has left." in response.content.decode()
    assert (await Person.objects.aget()).name == "Alice"


async def test_logging_somebody_out_is_asked_then_done_and_logged(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    client = await staff("change_person")
    person = await Person.objects.aget()
    assert "Log this person out everywhere?" in await page(client, at(person, "end"))
    await client.post(at(person, "end"))
    assert await tab.closed() == 4401
    assert await logged() == ["Ended all sessions."]


async def test_who_may_only_look_renames_and_logs_out_nobody(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    client = await staff("view_person")
    person = await Person.objects.aget()
    assert (await client.post(at(person), {"name": "Alicia"})).status_code == 403
    assert (await client.post(at(person, "end"))).status_code == 403
    assert (await Person.objects.aget()).name == "Alice"
    await site.settle(tab)


async def test_people_are_not_made_here(site: Site, staff: Staff) -> None:
    client = await staff("add_person", "change_person")
    assert (await client.get(PEOPLE + "add/")).status_code == 403


# --- texts are texts ---------------------------------------------------------------------------------

HOSTILE = [
    MARKUP,
    "{{7*7}}",
    "%s %(x)s",
    "</script><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
]


async def test_hostile_names_topics_and_texts_run_nowhere(site: Site, staff: Staff) -> None:
    client = await staff("change_channel", "change_person")
    for number, text in enumerate(HOSTILE):
        channel = await Channel.objects.acreate(slug=f"c{number}", name=text, topic=text)
        person = await Person.objects.acreate(name=text)
        await Channel.objects.filter(pk=channel.pk).aupdate(maker=person)
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    said = [await tab.say(text) for text in HOSTILE]
    one, somebody = await Channel.objects.aget(slug="c0"), await Person.objects.aget(name=MARKUP)
    pages = [
        await page(client, address)
        for address in (
            CHANNELS,
            PEOPLE,
            at(one),
            at(one, "messages"),
            at(one, "clear"),
            at(one, "archive"),
            at(one, "history"),
            at(somebody),
            at(somebody, "end"),
            at(await general(), "messages"),
            at(await general(), "remove", said[0]["id"]),
        )
    ]
    chosen = {"action": "clear", "_selected_action": [one.pk]}
    pages.append((await client.post(CHANNELS, chosen)).content.decode())
    done = await client.post(CHANNELS, {**chosen, "confirmed": "yes"}, follow=True)
    pages.append(done.content.decode())
    for shown in pages:
        assert "<img src=x" not in shown
        assert "<svg onload" not in shown
        assert "<script>alert" not in shown
        assert 'href="javascript:alert' not in shown
        assert " style=" not in shown
    for text in HOSTILE:
        assert escape(text) in pages[0]
        assert escape(text) in pages[1]


async def test_the_pages_keep_to_the_sites_content_policy(site: Site, staff: Staff) -> None:
    (tab,) = await site.enter("Alice")
    said = await tab.say("hello")
    client = await staff("change_channel", "change_person")
    for address in (
        at(await general(), "messages"),
        at(await general(), "remove", said["id"]),
        at(await Person.objects.aget()),
    ):
        response = await client.get(address)
        assert "'unsafe" not in response.headers["Content-Security-Policy"]
        shown = response.content.decode()
        assert "<style" not in shown
        assert " onclick" not in shown
        inline = re.findall(r"<script(?![^>]*(?: src=| type=.application/json.))", shown)
        assert inline == []
