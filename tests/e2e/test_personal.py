"""Personal chats: found, opened, read, scrolled back, and nobody else's."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, ViewportSize, WebSocket, WebSocketRoute, expect

from .accounts import begins_to_find, chat_names, chats, finder, logs_in, registers, writes_to
from .conftest import SIZES, Arrive
from .pages import PHONE, says_read
from .test_accessibility import passes

RATE_LIMITS = False

# All of the last twenty messages fit into it, and more.
TALL = ViewportSize(width=1440, height=2_400)

CHAT = re.compile("/d/[A-Za-z0-9_-]{22}/$")

# The row that is read, and where on the screen it stands.
READING = """() => {
  const box = document.querySelector("[data-timeline]").getBoundingClientRect();
  const rows = [...document.querySelectorAll('[data-log] [data-row="message"]')];
  const row = rows.find((one) => one.getBoundingClientRect().top >= box.top + 40);
  return { id: row.id, top: row.getBoundingClientRect().top };
}"""
# Says many numbers in a room, on a connection of its own.
SAY = """async ({ room, count }) => {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/chat/");
  const heard = (words) => new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => data.includes(words) && resolve());
  });
  await heard('"welcome"');
  for (let ref = 1; ref <= count; ref += 1) {
    const [cid, body] = [crypto.randomUUID(), String(ref)];
    socket.send(JSON.stringify({ type: "send", ref, room, cid, body }));
    await heard(`"${cid}"`);
  }
  socket.close();
}"""
TOP_OF = "(id) => document.getElementById(id).getBoundingClientRect().top"


def history_asked(page: Page) -> list[int]:
    """How many older messages the page asks for, each time it does."""
    asked: list[int] = []

    def listen(socket: WebSocket) -> None:
        def sent(text: str | bytes) -> None:
            found = re.search(r'"type":"history".*"limit":(\d+)', str(text))
            if found:
                asked.append(int(found[1]))

        socket.on("framesent", sent)

    page.on("websocket", listen)
    return asked


@SIZES
def test_two_accounts_chat(visitor: Arrive, size: ViewportSize) -> None:
    ines_name, bodil_name = f"Ines {size['width']}", f"Bodil {size['width']}"
    bodil = registers(visitor(), bodil_name)
    ines = registers(visitor(size), ines_name)
    loads: list[str] = []
    ines.page.on("domcontentloaded", lambda page: loads.append(page.url))
    begins_to_find(ines)
    ines.page.keyboard.type(bodil_name[:7].upper())
    expect(finder(ines).get_by_role("option", selected=True)).to_have_text(re.compile(bodil_name))
    ines.page.keyboard.press("Enter")
    expect(ines.page).to_have_url(CHAT)
    ines.is_in(bodil_name)
    expect(ines.page.get_by_role("heading", name=bodil_name, level=2)).to_be_visible()
    expect(ines.page.get_by_text(f"Only {bodil_name} and you can read what is here.")).to_be_visible()

    # It appears at the other one with the first message.
    expect(chats(bodil)).to_have_count(0)
    ines.says("Are you driving on Saturday?")
    expect(chat_names(bodil)).to_have_text([ines_name])
    expect(bodil.badge(ines_name)).to_have_text("1")
    expect(bodil.page).to_have_title("(1) General Talk · Chit-Chat")
    chats(bodil).first.click()
    bodil.is_in(ines_name)
    bodil.sees_only("Are you driving on Saturday?")
    expect(bodil.page).to_have_title(f"{ines_name} · Chit-Chat")
    expect(bodil.page.locator("[data-head=topic]")).to_contain_text("Here now.")
    bodil.says("Me. I leave at 06:40.")
    ines.sees_only("Are you driving on Saturday?", "Me. I leave at 06:40.")

    # Back and forth without a load, and the same page from the server.
    ines.page.go_back()
    ines.is_in("General Talk")
    ines.page.go_forward()
    ines.is_in(bodil_name)
    ines.sees_only("Are you driving on Saturday?", "Me. I leave at 06:40.")
    assert loads == []
    ines.reloads()
    ines.is_in(bodil_name)
    ines.is_connected()
    expect(ines.composer).to_have_attribute("placeholder", f"Write to {bodil_name}")
    ines.sees_only("Are you driving on Saturday?", "Me. I leave at 06:40.")


def test_whoever_was_offline_finds_the_line_the_badge_and_the_title(visitor: Arrive) -> None:
    lio = visitor()
    sockets = lio.sockets()
    registers(lio, "Lio")
    milo = registers(visitor(), "Milo")
    writes_to(milo, "Lio")
    milo.says("First")
    milo.sees_stored("First")
    expect(lio.badge("Milo")).to_have_text("1")
    with sockets[-1].expect_event("framesent", says_read(1)):
        chats(lio).first.click()
    lio.sees_only("First")
    lio.page.go_back()
    lio.is_in("General Talk")
    expect(lio.page).to_have_title("General Talk · Chit-Chat")
    lio.page.close()
    milo.says("Second", "Third", "Fourth")
    milo.sees_stored("Second", "Third", "Fourth")
    lio.page = lio.context.new_page()
    lio.opens("/")
    expect(lio.page).to_have_title("(3) General Talk · Chit-Chat")
    expect(lio.badge("Milo")).to_have_text("3")
    chats(lio).first.click()
    lio.sees_only("First", "Second", "Third", "Fourth")
    expect(lio.page.get_by_role("separator")).to_have_text("3 new")
    expect(lio.page).to_have_title("Milo · Chit-Chat")


def test_scrolling_back_brings_ten_at_a_time_and_what_is_read_stays_in_place(visitor: Arrive) -> None:
    registers(visitor(), "Safiya")
    petra = registers(visitor(), "Petra")
    writes_to(petra, "Safiya")
    bodies = [f"Line {number}\nof sixty" for number in range(60)]
    petra.says(*bodies)
    petra.sees_stored(bodies[-1])
    asked = history_asked(petra.page)
    petra.reloads()
    petra.is_connected()
    expect(petra.rows).to_have_count(20)
    petra.sees(bodies[40], bodies[59])
    box = petra.page.locator("[data-timeline]")
    for shown in (30, 40, 50, 60):
        # A person's wheel: up, until what is older has come.
        box.hover()
        petra.page.mouse.wheel(0, -4_000)
        expect(petra.rows).to_have_count(shown)
    expect(petra.bodies.first).to_have_text(bodies[0])
    assert asked == [10, 10, 10, 10]
    expect(petra.page.get_by_text("This is the start.")).to_have_count(1)


def test_a_tall_window_is_filled_with_older_messages(visitor: Arrive) -> None:
    registers(visitor(), "Gisela")
    edda = registers(visitor(TALL), "Edda")
    writes_to(edda, "Gisela")
    bodies = [f"Line {number}" for number in range(50)]
    edda.says(*bodies)
    edda.sees_stored(bodies[-1])
    asked = history_asked(edda.page)
    edda.reloads()
    edda.sees_only(*bodies)
    assert asked == [10, 10, 10]
    edda.opens("/")
    edda.is_connected()
    chats(edda).first.click()
    edda.sees_only(*bodies)
    assert asked == [10] * 6


def test_what_is_unread_further_up_takes_nobody_away_who_has_gone_on(visitor: Arrive) -> None:
    reader = registers(visitor(), "Reidar")
    writer = registers(visitor(), "Signe")
    writes_to(writer, "Reidar")
    room = f"direct:{writer.page.url.split('/')[-2]}"
    held: list[Callable[[], None]] = []

    def late_history(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            if json.loads(text)["type"] == "history":
                held.append(lambda: server.send(text))
            else:
                server.send(text)

        socket.on_message(pass_on)

    reader.page.route_web_socket("**/ws/chat/", late_history)
    reader.opens("/")
    reader.is_connected()
    for goes_on in (True, False):
        writer.page.evaluate(SAY, {"room": room, "count": 130})
        expect(reader.badge("Signe")).to_have_text("99+")
        chats(reader).first.click()
        expect(reader.rows).to_have_count(100)
        expect(reader.message("130")).not_to_be_in_viewport()
        assert len(held) == 1
        if goes_on:
            reader.jump.click()
        held.pop()()
        expect(reader.rows).to_have_count(130 if goes_on else 200)
        line = reader.page.get_by_role("separator")
        expect(line).to_have_text("130 new")
        if goes_on:
            expect(reader.message("130")).to_be_in_viewport()
            expect(line).not_to_be_in_viewport()
            reader.opens("/")
            reader.is_connected()
        else:
            expect(line).to_be_in_viewport()


def test_older_messages_do_not_move_what_is_read(visitor: Arrive) -> None:
    registers(visitor(), "Wren")
    alba = registers(visitor(), "Alba")
    writes_to(alba, "Wren")
    bodies = [f"Line {number}\nof thirty" for number in range(30)]
    alba.says(*bodies)
    alba.sees_stored(bodies[-1])
    alba.reloads()
    alba.is_connected()
    expect(alba.rows).to_have_count(20)
    before = alba.page.evaluate(
        f"""() => {{
          const box = document.querySelector("[data-timeline]");
          box.scrollTop = -(box.scrollHeight - box.clientHeight - 150);
          return ({READING})();
        }}"""
    )
    expect(alba.rows).to_have_count(30)
    assert abs(alba.page.evaluate(TOP_OF, before["id"]) - before["top"]) < 2


def test_the_chat_that_was_written_in_last_is_the_first(visitor: Arrive) -> None:
    reader = registers(visitor(), "Reader")
    first, second = registers(visitor(), "First One"), registers(visitor(), "Second One")
    for person in (first, second):
        writes_to(person, "Reader")
    first.says("Hello from the first")
    expect(chat_names(reader)).to_have_text(["First One"])
    second.says("Hello from the second")
    expect(chat_names(reader)).to_have_text(["Second One", "First One"])
    first.says("And again")
    expect(chat_names(reader)).to_have_text(["First One", "Second One"])
    expect(reader.badge("First One")).to_have_text("2")
    expect(reader.badge("Second One")).to_have_text("1")
    expect(reader.page).to_have_title("(3) General Talk · Chit-Chat")
    reader.reloads()
    expect(chat_names(reader)).to_have_text(["First One", "Second One"])


def test_two_tabs_show_the_same_unread(visitor: Arrive) -> None:
    tess = registers(visitor(), "Tess")
    second = tess.another_tab("/")
    second.is_connected()
    oskar = registers(visitor(), "Oskar")
    writes_to(oskar, "Tess")
    oskar.says("One", "Two")
    for tab in (tess, second):
        expect(tab.badge("Oskar")).to_have_text("2")
        expect(tab.page).to_have_title("(2) General Talk · Chit-Chat")
    tess.turns_to_this_tab()
    chats(tess).first.click()
    tess.sees_only("One", "Two")
    expect(second.page).to_have_title("General Talk · Chit-Chat")
    expect(second.badge("Oskar")).to_be_hidden()


def test_notes_to_oneself_are_the_same_in_another_browser(visitor: Arrive) -> None:
    nora = registers(visitor(), "Nora")
    begins_to_find(nora)
    nora.page.keyboard.press("Enter")
    nora.is_in("Notes to yourself")
    expect(nora.page.get_by_text("Nobody else can read this.")).to_be_visible()
    nora.says("Long hex keys")
    nora.sees_stored("Long hex keys")
    elsewhere = logs_in(visitor(PHONE), "Nora")
    elsewhere.opens_the_list()
    chats(elsewhere).first.click()
    elsewhere.is_in("Notes to yourself")
    elsewhere.sees_only("Long hex keys")
    expect(elsewhere.composer).to_have_attribute("placeholder", "Write to yourself")


def test_a_guest_is_told_what_an_account_gives(visitor: Arrive) -> None:
    guest = visitor().opens("/").chooses_name("Passing by")
    expect(guest.page.get_by_text("With an account you can write to one person")).to_be_visible()
    expect(guest.page.get_by_role("button", name="Find a person")).to_be_hidden()
    guest.page.get_by_role("list", name="Personal").locator("..").get_by_role(
        "link", name="Create an account"
    ).click()
    expect(guest.page).to_have_url(re.compile("/account/register/$"))


def test_a_personal_chat_is_nothing_to_anybody_else(visitor: Arrive) -> None:
    registers(visitor(), "Rosa")
    karl = registers(visitor(), "Karl")
    writes_to(karl, "Rosa")
    karl.says("Between us")
    karl.sees_stored("Between us")
    third = registers(visitor(), "Third person")
    third.watch.expects("404")
    third.opens(karl.page.url)
    expect(third.page.get_by_role("heading", name="Nothing at this address")).to_be_visible()
    expect(third.page.get_by_text("Between us")).to_have_count(0)


def test_after_logout_the_browser_keeps_nothing_of_it(visitor: Arrive) -> None:
    vera = registers(visitor(), "Vera")
    registers(visitor(), "Udo")
    writes_to(vera, "Udo")
    vera.says("Kept by the server only")
    vera.sees_stored("Kept by the server only")
    vera.composer.fill("A draft")
    vera.watch.expects("404")
    elsewhere = vera.another_tab(vera.page.url)
    elsewhere.is_connected()
    # The end of the sockets comes before the answer.
    held: list[Route] = []
    vera.page.route("**/logout/", lambda route: held.append(route))
    with vera.page.expect_request("**/logout/"):
        vera.logs_out()
    answer = held[0].fetch()
    expect(elsewhere.page.get_by_role("heading", name="Nothing at this address")).to_be_visible()
    held[0].fulfill(response=answer)
    expect(vera.page.get_by_role("heading", name="Nothing at this address")).to_be_visible()
    kept = vera.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "Kept by" not in kept
    assert "direct:" not in kept


def test_the_switcher_finds_chats_and_people(visitor: Arrive) -> None:
    registers(visitor(), "Yara")
    registers(visitor(), "Yusuf")
    zoe = registers(visitor(), "Zoe")
    writes_to(zoe, "Yara")
    for name in ("Yara", "Yusuf"):
        zoe.page.keyboard.press("Control+K")
        jump = zoe.page.get_by_role("dialog", name="Jump to a channel or a person")
        expect(jump).to_be_visible()
        zoe.page.keyboard.type(name[:2])
        option = jump.get_by_role("option", name=name)
        expect(option).to_have_count(1)
        option.click()
        zoe.is_in(name)
        expect(zoe.composer).to_be_focused()
    expect(chat_names(zoe)).to_have_text(["Yusuf", "Yara"])
    # That it was closed is told late, when it is open again and somebody types.
    registers(visitor(), "Yvonne")
    zoe.turns_to_this_tab()
    zoe.page.keyboard.press("Control+K")
    expect(jump).to_be_visible()
    jump.get_by_role("combobox").evaluate(
        """(field) => {
          field.value = "Yv";
          field.dispatchEvent(new Event("input"));
          field.closest("dialog").dispatchEvent(new Event("close"));
        }"""
    )
    expect(jump.get_by_role("option", name="Yvonne")).to_have_count(1)


def test_a_name_leads_to_a_card_and_the_card_to_a_chat(visitor: Arrive) -> None:
    elsa = registers(visitor(), "Elsa")
    fritz = registers(visitor(), "Fritz")
    elsa.says("Said in public by Elsa")
    fritz.sees("Said in public by Elsa")
    card = fritz.page.get_by_role("dialog", name="Elsa")
    # By the pointer: the name itself.
    fritz.message("Said in public by Elsa").locator('[data-part="author"]').click()
    expect(card).to_contain_text("Account · here now")
    expect(card.get_by_role("button", name="Message")).to_be_focused()
    passes(fritz)
    fritz.page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    # By the keyboard: the message's menu, the card, the button.
    fritz.opens_the_menu_of("Said in public by Elsa")
    fritz.page.get_by_role("menuitem", name="About Elsa").press("Enter")
    expect(card.get_by_role("button", name="Message")).to_be_focused()
    fritz.page.keyboard.press("Enter")
    expect(fritz.page).to_have_url(CHAT)
    fritz.is_in("Elsa")


@SIZES
def test_axe_has_nothing_to_say_of_personal_chats(visitor: Arrive, size: ViewportSize) -> None:
    other = registers(visitor(), f"Other {size['width']}")
    one = registers(visitor(size, reduced_motion="reduce"), f"One {size['width']}")
    begins_to_find(one)
    expect(finder(one).get_by_role("option").first).to_be_visible()
    passes(one)
    one.page.keyboard.type("nobody at all")
    expect(finder(one)).to_contain_text("Nobody’s name starts with “nobody at all”.")
    passes(one)
    one.page.keyboard.press("Escape")
    expect(finder(one)).to_be_hidden()
    writes_to(other, f"One {size['width']}")
    other.says("Hello")
    one.opens_the_list()
    expect(one.badge(f"Other {size['width']}")).to_have_text("1")
    passes(one)
    chats(one).first.click()
    one.sees_only("Hello")
    expect(one.page.locator("[data-head=topic]")).to_contain_text("Here now.")
    passes(one)
