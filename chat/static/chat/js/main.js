import { Backoff } from "chat/backoff.js";
import { announcerOf } from "chat/controllers/announcer.js";
import { ChannelDetailsController } from "chat/controllers/channel_details.js";
import { ChannelDialogController } from "chat/controllers/channel_dialog.js";
import { ComposerController } from "chat/controllers/composer.js";
import { copy } from "chat/controllers/copy.js";
import { DrawerController } from "chat/controllers/drawer.js";
import { showDrawerDot } from "chat/controllers/drawer_dot.js";
import { EdgesController } from "chat/controllers/edges.js";
import { showEmpty } from "chat/controllers/empty.js";
import { HeadController } from "chat/controllers/head.js";
import { HeadMenuController } from "chat/controllers/head_menu.js";
import { commitOnLeaving } from "chat/controllers/leaving.js";
import { LightController } from "chat/controllers/light.js";
import { LogoutController } from "chat/controllers/logout.js";
import { MeMenuController } from "chat/controllers/me_menu.js";
import { MembersController } from "chat/controllers/members.js";
import { conversationOf } from "chat/controllers/conversation.js";
import { NameDialogController } from "chat/controllers/name_dialog.js";
import { NavigationController } from "chat/controllers/navigation.js";
import { watchNetwork } from "chat/controllers/network.js";
import { showOnline } from "chat/controllers/online.js";
import { showRefusal } from "chat/controllers/refusal.js";
import { reloadOnce } from "chat/controllers/reload.js";
import { RoomsController } from "chat/controllers/rooms.js";
import { ShortcutsController } from "chat/controllers/shortcuts.js";
import { SwitcherController } from "chat/controllers/switcher.js";
import { chooseTheme } from "chat/controllers/theme.js";
import { showTyping } from "chat/controllers/typing.js";
import { hasFinePointer } from "chat/dom.js";
import { Session } from "chat/session.js";
import { Socket } from "chat/socket.js";
import { Storage } from "chat/storage.js";

const one = (selector) => document.querySelector(selector);
const all = (selector) => document.querySelectorAll(selector);

function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/** Where somebody goes on in a room: a field with the focus would bring up the keyboard of a phone. */
function beginHere(composer) {
  if (hasFinePointer()) composer.focus();
  else one(".head__name").focus();
}

/** What shows how things are, and can do no more. */
function showState({ session, socket, page, composer }) {
  new HeadController({ head: one(".head"), timeline: one("[data-timeline]"), session, siteName: page.site_name });
  new LightController({
    root: document.documentElement,
    words: one("[data-connection-words]"),
    banner: one("[data-banner]"),
    session,
    socket,
  });
  new EdgesController({ beginning: one("[data-beginning]"), loading: one("[data-loading]"), session });
  showTyping({ line: one("[data-typing]"), session });
  showOnline({ element: one("[data-online]"), session });
  showDrawerDot({ dot: one("[data-drawer-dot]"), session });
  showEmpty({ element: one("[data-empty]"), session, composer });
  showRefusal({ element: one("[data-refusal]"), log: one("[data-log]"), session });
}

/** The list of rooms, and the ways into them. Returns `go(room)`. */
function rooms({ session, addressOf, composer, write }) {
  const list = one("[data-rooms]");
  const drawer = new DrawerController({
    panel: one("#panel"),
    scrim: one("[data-scrim]"),
    opener: one("[data-drawer-open]"),
    closer: one("[data-drawer-close]"),
    behind: one("#conversation"),
  });
  new RoomsController({ list, template: one("#room-template"), session, addressOf });
  const navigation = new NavigationController({
    list,
    session,
    addressOf,
    entered: () => {
      drawer.close();
      beginHere(composer);
    },
  });
  const go = (room) => navigation.go(room);
  const switcher = new SwitcherController({
    dialog: one("#jump-dialog"),
    opener: one("[data-jump-to]"),
    template: one("#option-template"),
    session,
    go,
  });
  const shortcuts = new ShortcutsController({
    dialog: one("#shortcuts-dialog"),
    openSwitcher: () => switcher.open(),
    write,
  });
  return { go, shortcuts };
}

/** What belongs to the channel that is shown. */
function channel({ session, storage, addressOf, shortcuts, say }) {
  const members = new MembersController({
    root: document.documentElement,
    panel: one("#members"),
    openers: all("[data-members-open]"),
    behind: one("#conversation"),
    template: one("#member-template"),
    session,
    storage,
  });
  const details = new ChannelDetailsController({ dialog: one("#details-dialog"), session, addressOf });
  const copyAddress = async () => {
    say((await copy(location.href)) ? "Copied" : "This browser does not let the page copy.");
  };
  new HeadMenuController({
    button: one("[data-head-menu]"),
    element: one("#head-menu"),
    session,
    deeds: {
      members: (button) => members.toggle(button),
      details: () => details.open(),
      copy: copyAddress,
      shortcuts: () => shortcuts.open(),
    },
  });
}

/** Who somebody is, and what they can change about it. Returns the dialogue for the name. */
function person({ session, storage, urls, composer, shortcuts }) {
  const name = new NameDialogController({
    dialog: one("#name-dialog"),
    session,
    urls,
    named: () => beginHere(composer),
  });
  const logout = new LogoutController({ dialog: one("#logout-dialog"), session, storage, url: urls.logout });
  const box = one("[data-me]");
  new MeMenuController({
    box,
    session,
    rename: () => name.change(),
    shortcuts: () => shortcuts.open(),
    logout: () => logout.begin(),
  });
  chooseTheme({ menu: box, storage });
  return name;
}

function start() {
  const page = JSON.parse(one("#chat-page").textContent);
  const { urls } = page;
  const addressOf = (slug) => urls.channel.replace("SLUG", slug);
  const storage = Storage.ofBrowser();
  const socket = new Socket({ url: socketAddress(urls.socket), backoff: new Backoff() });
  const session = new Session({ page, socket, storage });
  const say = announcerOf(one("[data-announcer]"));

  let scrollToNewest = () => {};
  const composer = new ComposerController({
    form: one("[data-composer]"),
    hint: one("[data-composer-hint]"),
    session,
    sent: () => scrollToNewest(),
  });
  const write = () => composer.focus();
  scrollToNewest = conversationOf({ one, session, storage, composer, say });
  const { go, shortcuts } = rooms({ session, addressOf, composer, write });
  showState({ session, socket, page, composer });
  channel({ session, storage, addressOf, shortcuts, say });
  new ChannelDialogController({
    dialog: one("#channel-dialog"),
    opener: one("[data-new-channel]"),
    session,
    urls,
    addressOf,
    created: go,
  });
  const name = person({ session, storage, urls, composer, shortcuts });

  watchNetwork(session);
  commitOnLeaving(session);
  session.on("reload", () => reloadOnce());
  if (session.me) session.start();
  else name.ask();
}

start();
