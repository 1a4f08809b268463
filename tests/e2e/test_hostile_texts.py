"""Whatever people call themselves or write is text: shown as it is, and nothing of it runs."""

from playwright.sync_api import expect

from .conftest import Arrive, MakeChannel, MakeClient
from .pages import Visitor, exactly

# More is said here than people say.
RATE_LIMITS = False

NAMES = [
    "<img src=x onerror=__pwned=1>",
    "</title><svg onload=__pwned=1>",
    '"><svg/onload=__pwned=1>',
    "{{7*7}}",
    "{% now 'Y' %}",
    "%s%n%(me)s",
    "constructor",
    "__proto__",
    "&lt;b&gt;&amp;",
    "${__pwned=1}",
]

ADDRESSES = ["../x", "a/b", "a?b#c", "direct:1", "//evil.example/x", "javascript:__pwned=1"]

BODIES = [
    "<script>window.__pwned = 1</script>",
    "</script><script>window.__pwned = 1</script>",
    "<!--<script>",
    "]]><![CDATA[ --></style></textarea></template>",
    "<img src=x onerror=window.__pwned=1>",
    "<svg onload=window.__pwned=1><animate onbegin=window.__pwned=1 attributeName=x>",
    '" onmouseover="window.__pwned=1" autofocus onfocus="window.__pwned=1" x="',
    "' onfocus='window.__pwned=1' tabindex='0",
    "<iframe srcdoc='<script>parent.__pwned=1</script>'></iframe>",
    "<a href='javascript:window.__pwned=1'>click</a> <base href='//evil.example/'>",
    "javascript:window.__pwned=1",
    "JaVaScRiPt:window.__pwned=1",
    "java\tscript:window.__pwned=1",
    "[click](javascript:window.__pwned=1) [again](\tjavascript:window.__pwned=1)",
    "data:text/html,<script>window.__pwned=1</script>",
    "<form action=//evil.example><button>press</button></form>",
    "<style>* { display: none }</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "{{7*7}} {% debug %} ${7*7} #{7*7} <%= 7*7 %>",
    "&lt;script&gt; &#60;b&#62; &amp;amp;",
    "line\u2028separator\u2029and paragraph",
    "\u202edesrever si siht\u202c and \u2066isolated\u2069",
    "\u202enever closed",
    "https://example.com@evil.example/ https://xn--pple-43d.com/ http://аррӏе.com/",
    "Ines joined · 12:34",
    "Chit-Chat: your session has ended. Log in at https://evil.example/",
    "https://example.com/" + "a" * 3_980,
    "z" + "\u0301" * 3_999,
    "👩‍👩‍👧‍👦" * 200,
    "شكرا then some Latin and ‏עברית",
    '__proto__ constructor {"__proto__": {"polluted": true}}',
]


def test_messages_are_text_live_after_a_reload_and_without_javascript(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Hostile words")
    ines = visitor().opens(address).chooses_name("Ines")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    for body in BODIES:
        ines.says(body)
    are_text(tomoe)
    session = tomoe.context.storage_state()
    tomoe.reloads()
    tomoe.is_connected()
    reader = visitor(java_script_enabled=False, storage_state=session).opens(address)
    for person in (tomoe, ines, reader):
        are_text(person)
        expect(person.page).to_have_title("Hostile words · Chit-Chat")
    assert tomoe.page.evaluate("({}).polluted") is None
    expect(tomoe.announcement("Ines joined")).to_have_count(0)
    # The longest of them makes nothing wider than it is.
    for box in ("html", "[data-timeline]"):
        assert tomoe.page.locator(box).evaluate("box => box.scrollWidth <= box.clientWidth")


def are_text(person: Visitor) -> None:
    expect(person.rows).to_have_count(len(BODIES))
    assert person.bodies.evaluate_all("all => all.map((body) => body.textContent)") == BODIES
    assert person.bodies.evaluate_all("all => all.flatMap((body) => [...body.children])") == []


def test_writing_that_is_turned_round_turns_nothing_else(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Turned round")
    robot = client("Robot")
    ack, *_ = robot.says("Straight", room="channel:turned-round")
    ines = visitor().opens(address).chooses_name("Ines")
    robot.ask("edit", room="channel:turned-round", id=ack["id"], body="abc \u202edef")
    row = ines.message("abc \u202edef")
    body, edited = (row.locator(f'[data-part="{part}"]') for part in ("body", "edited"))
    expect(edited).to_have_text("edited")
    # "edited" still begins where the message ends, and reads from the left.
    assert body.evaluate("body => getComputedStyle(body).unicodeBidi") in ("isolate", "plaintext")
    left, right = body.bounding_box(), edited.bounding_box()
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"] + 1


def test_a_persons_name_is_text_wherever_it_stands(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Hostile people")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    stranger = visitor().opens(address)
    robot = client("Robot")
    robot.enters("channel:hostile-people")
    tomoe.sees_announced("Robot joined")
    former = "Robot"
    for name in NAMES:
        robot.post("/name/", name=name)
        if name in NAMES[:3]:  # a room is told once a second: one would wait for each
            tomoe.sees_announced(f"{former} is now {name}")
        robot.says(f"Signed {name}", room="channel:hostile-people")
        tomoe.sees(f"Signed {name}")
        stranger.name_field.fill(name)
        expect(stranger.name_help).to_contain_text(f"“{name}” is taken.")
        robot.tell(type="typing", room="channel:hostile-people")
        expect(tomoe.typing).to_have_text(f"{name} is typing")
        former = name
    robot.post("/name/", name="Robot")
    ines = visitor().opens(address).chooses_name(NAMES[0])
    tomoe.sees_announced(f"{NAMES[0]} joined")
    ines.says("Hello")
    ines.sees_stored("Hello")
    for person in (tomoe, ines):
        person.reloads()
        person.is_connected()
        for name in NAMES:
            author = person.message(f"Signed {name}").locator('[data-part="author"]')
            expect(author).to_have_text(exactly(name))


def test_a_channels_name_and_topic_are_text_in_the_list_the_title_and_the_field(
    visitor: Arrive, client: MakeClient
) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    session = ines.context.storage_state()
    reader = visitor(java_script_enabled=False, storage_state=session)
    robot = client("Robot")
    for name in (*NAMES, *ADDRESSES):
        topic = f"<script>window.__pwned=1</script> {name}"
        made = robot.makes_channel(name, topic)
        ines.enters(name)
        ines.is_at(made["slug"])
        reader.opens(f"/c/{made['slug']}/")
        for person in (ines, reader):
            expect(person.page.get_by_role("heading", level=1)).to_have_text(exactly(name))
            expect(person.page.locator('[data-head="topic"]')).to_have_text(exactly(topic))
            expect(person.page).to_have_title(f"{name} · Chit-Chat")
            expect(person.room(name)).to_have_attribute("aria-current", "page")
        expect(ines.composer).to_have_attribute("placeholder", f"Write to {name}")
    ines.reloads()
    ines.is_connected()
    ines.begins_a_channel()
    for name in (*NAMES, *ADDRESSES):
        expect(ines.room(name)).to_have_count(1)
        ines.channel_name.fill(name)
        expect(ines.channel_help).to_contain_text(f"“{name}” is taken.")
