"""The server ends and comes back, the network goes and returns: nothing is lost, and nothing comes twice."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import WebSocketRoute, expect
from redis_server import free_port

from .conftest import Arrive, MakeClient
from .installs import Install
from .pages import NO_CONNECTION, Visitor
from .servers import UVICORN, Server

ROOM = "channel:general-talk"
TROUBLE = re.compile("^(Connecting|Offline)")

# How many connections a click on a button begins at once.
ATTEMPTS = """async (button) => {
  let begun = 0;
  window.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      begun += 1;
    }
  };
  button.click();
  await new Promise((done) => setTimeout(done));
  return begun;
}"""

# The browser says that there is no network, as it does a moment before the last frames come.
NO_NETWORK = """() => {
  Object.defineProperty(navigator, "onLine", { get: () => false });
  dispatchEvent(new Event("offline"));
}"""


@pytest.fixture(scope="module")
def port() -> int:
    """Of one site after the other, so that what a browser has of their files is good for all of them."""
    return free_port()


@pytest.fixture
def server(tmp_path: Path, database: Install, deployed: dict[str, object], port: int) -> Iterator[Server]:
    """A test's own: it ends and starts again."""
    server = Server(UVICORN, tmp_path, database, port, **deployed)
    server.start()
    yield server
    server.end()


@pytest.mark.in_process
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_a_server_that_comes_back_gets_what_was_written_meanwhile_once(
    visitor: Arrive, client: MakeClient, server: Server, how: signal.Signals
) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    tomoe = visitor().opens("/").chooses_name("Tomoe")
    ines.says("Before the end")
    tomoe.sees_stored("Before the end")
    for person in (ines, tomoe):
        person.watch.expects(*NO_CONNECTION)
    server.end(how)
    for person in (ines, tomoe):
        person.is_in_trouble(TROUBLE)
        expect(person.banner).to_be_visible()
        expect(person.banner.get_by_role("button", name="Try now")).to_be_visible()
        person.sees("Before the end")
    ines.says("Written meanwhile")
    ines.is_in_trouble("Offline, 1 message waiting")
    expect(ines.message("Written meanwhile")).to_have_attribute("data-state", "pending")
    expect(ines.message("Written meanwhile")).to_contain_text("1 waiting, sent when you are back")
    expect(ines.banner).to_contain_text("It is safe on this device.")
    server.start()
    for person in (ines, tomoe):
        person.is_connected()
        expect(person.connection).to_have_text(re.compile("^(Connected|Back, 1 caught up)$"))
        # A channel lives in the memory of the process: what was said before is gone, and nobody pretends.
        person.sees_only("Written meanwhile")
        person.sees_stored("Written meanwhile")
        expect(person.banner).to_be_hidden()
    tomoe.says("Welcome back")
    ines.sees_only("Written meanwhile", "Welcome back")
    messages = client("Robot").enters(ROOM)
    assert [(message["n"], message["body"]) for message in messages] == [
        (1, "Written meanwhile"),
        (2, "Welcome back"),
    ]
    for person, name in ((ines, "Ines"), (tomoe, "Tomoe")):
        person.is_called(name)


def test_try_now_does_not_wait(visitor: Arrive, server: Server) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    ines.watch.expects(*NO_CONNECTION)
    server.end(signal.SIGKILL)
    # After a few failures the next try is seconds away.
    expect(ines.banner).to_contain_text(re.compile(r"Trying again in [3-9] seconds"))
    # Before the server is back: it takes as long to start as the page may wait.
    assert ines.banner.get_by_role("button", name="Try now").evaluate(ATTEMPTS) == 1
    server.start()
    ines.is_connected()
    expect(ines.banner).to_be_hidden()


def test_a_connection_that_answers_once_more_when_the_network_goes_is_looked_at_again(
    visitor: Arrive,
) -> None:
    ines = visitor()
    after_the_loss: list[str] = []
    lost = False

    def last_answer(socket: WebSocketRoute) -> None:
        """With the network gone, one join is answered, and a frame says when; then nothing comes."""

        def pass_on(text: str | bytes) -> None:
            if after_the_loss:
                return
            socket.send(text)
            kind = json.loads(text)["type"]
            if lost and kind == "joined":
                after_the_loss.append(kind)
                socket.send(json.dumps({"type": "online", "count": 42}))

        socket.connect_to_server().on_message(pass_on)

    ines.page.clock.install()
    ines.page.route_web_socket("**/ws/chat/", last_answer)
    ines.opens("/").chooses_name("Ines")
    lost = True
    ines.page.evaluate(NO_NETWORK)
    expect(ines.online).to_have_text("42 online")
    ines.is_connected()
    ines.page.clock.run_for(10_000)
    ines.is_in_trouble(TROUBLE)


def test_what_was_written_outlives_the_closed_tab(
    visitor: Arrive, client: MakeClient, server: Server
) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    ines.watch.expects(*NO_CONNECTION)
    server.end()
    ines.is_in_trouble(TROUBLE)
    ines.says("Do not forget me", "Nor me")
    ines.is_in_trouble("Offline, 2 messages waiting")
    ines.page.close()
    server.start()
    again = Visitor(ines.context, ines.watch).opens("/")
    again.is_connected()
    again.sees_only("Do not forget me", "Nor me")
    again.sees_stored("Do not forget me", "Nor me")
    again.reloads()
    again.is_connected()
    again.sees_only("Do not forget me", "Nor me")
    assert [message["body"] for message in client("Robot").enters(ROOM)] == ["Do not forget me", "Nor me"]


def test_what_a_closed_tab_has_not_sent_is_sent_by_another(visitor: Arrive, client: MakeClient) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    cut_off = Visitor(ines.context, ines.watch)
    cut_off.page.route_web_socket("**/ws/chat/", lambda socket: None)
    cut_off.opens("/")
    expect(cut_off.composer).to_be_enabled()
    cut_off.says("Do not wait for me")
    cut_off.sees("Do not wait for me")
    cut_off.page.close()
    ines.turns_to_this_tab()
    ines.sees_stored("Do not wait for me")
    assert [message["body"] for message in client("Robot").enters(ROOM)] == ["Do not wait for me"]


def test_three_messages_wait_for_the_network_and_arrive_in_order_once(
    visitor: Arrive, client: MakeClient
) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    tomoe = visitor().opens("/").chooses_name("Tomoe")
    ines.loses_the_network()
    ines.says("One", "Two", "Three")
    ines.is_in_trouble("Offline, 3 messages waiting")
    expect(ines.banner).to_contain_text("Offline, 3 messages waiting. They are safe on this device.")
    for body in ("One", "Two", "Three"):
        expect(ines.message(body)).to_have_attribute("data-state", "pending")
    tomoe.says("Where is she?", "Ines?")
    tomoe.sees_stored("Where is she?", "Ines?")
    ines.has_network_again()
    ines.is_connected()
    expect(ines.connection).to_have_text(re.compile("^Back, [0-9] caught up$"))
    expect(ines.banner).to_contain_text("caught up")
    bodies = [message["body"] for message in client("Robot").enters(ROOM)]
    for person in (ines, tomoe):
        person.sees_stored("One", "Two", "Three", "Where is she?", "Ines?")
        expect(person.rows).to_have_count(5)
        person.sees_only(*bodies)
    assert [body for body in bodies if body in ("One", "Two", "Three")] == ["One", "Two", "Three"]


def test_edits_and_deletions_of_a_lost_hour_are_caught_up(visitor: Arrive, client: MakeClient) -> None:
    robot = client("Robot")
    ids = [ack["id"] for ack in robot.says("Wrong", "Regretted", "Liked")]
    ines = visitor().opens("/").chooses_name("Ines")
    ines.sees_only("Wrong", "Regretted", "Liked")
    ines.loses_the_network()
    ines.is_in_trouble(TROUBLE)
    robot.ask("edit", room=ROOM, id=ids[0], body="Right")
    robot.ask("delete", room=ROOM, id=ids[1])
    robot.ask("react", room=ROOM, id=ids[2], emoji="🎉", on=True)
    robot.says("Missed")
    ines.has_network_again()
    ines.is_connected()
    ines.sees_only("Right", "Liked", "Missed")
    expect(ines.message("Right").locator('[data-part="edited"]')).to_be_visible()
    expect(ines.message("Liked").get_by_role("listitem")).to_have_text(["🎉 1"])
