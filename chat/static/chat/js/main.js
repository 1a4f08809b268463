import { Backoff } from "chat/backoff.js";
import { showBeginnings } from "chat/beginnings.js";
import { addressesOf } from "chat/called.js";
import { announcerOf } from "chat/controllers/announcer.js";
import { takeFiles } from "chat/controllers/attach.js";
import { showClosed } from "chat/controllers/closed.js";
import { ComposerController } from "chat/controllers/composer.js";
import { conversationOf } from "chat/controllers/conversation.js";
import { DrawerController } from "chat/controllers/drawer.js";
import { showDrawerDot } from "chat/controllers/drawer_dot.js";
import { EdgesController } from "chat/controllers/edges.js";
import { closeWhenForgotten } from "chat/controllers/forgotten.js";
import { HeadController } from "chat/controllers/head.js";
import { onLeaving } from "chat/controllers/leaving.js";
import { stylesOf } from "chat/controllers/later_styles.js";
import { LightController } from "chat/controllers/light.js";
import { MeMenuController } from "chat/controllers/me_menu.js";
import { NavigationController } from "chat/controllers/navigation.js";
import { watchNetwork } from "chat/controllers/network.js";
import { showOnline } from "chat/controllers/online.js";
import { followOtherTabs } from "chat/controllers/other_tabs.js";
import { showRefusal } from "chat/controllers/refusal.js";
import { reloadOnce } from "chat/controllers/reload.js";
import { RoomsController } from "chat/controllers/rooms.js";
import { listenForShortcuts } from "chat/controllers/shortcuts.js";
import { chooseTheme } from "chat/controllers/theme.js";
import { showTyping } from "chat/controllers/typing.js";
import { loseRefused } from "chat/directory.js";
import { hasFinePointer } from "chat/dom.js";
import { Later } from "chat/later.js";
import { stateOf } from "chat/page.js";
import { membersOf, peopleOf } from "chat/people_pieces.js";
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

/** Who is connected has, perhaps, a page from before an update, whose files are gone. */
function whatHelps({ connected }) {
  return connected ? "Try again, or reload the page" : "Try again when you are connected";
}

/** What shows how things are, and can do no more. */
function showState({ session, socket, page }) {
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
  showClosed({
    element: one("[data-closed]"),
    form: one("[data-composer]"),
    hint: one("[data-composer-hint]"),
    session,
  });
  showRefusal({ element: one("[data-refusal]"), log: one("[data-log]"), session });
  session.on("me", () => showForWhom(session.me));
}

/** What is for everybody with a name, for guests, or for accounts. */
function showForWhom(me) {
  const kinds = { people: me !== null, guests: me?.guest === true, accounts: me?.guest === false };
  for (const [kind, shown] of Object.entries(kinds)) {
    for (const element of all(`[data-for-${kind}]`)) element.hidden = !shown;
  }
}

/** The lists of rooms, and the ways into them. Returns `go(room)`. */
function rooms({ session, later, addressOf, composer }) {
  const drawer = new DrawerController({
    panel: one("#panel"),
    scrim: one("[data-scrim]"),
    opener: one("[data-drawer-open]"),
    closer: one("[data-drawer-close]"),
    behind: one("#conversation"),
  });
  const lists = [
    { list: one("[data-rooms]"), template: one("#room-template"), rooms: () => session.rooms.channels },
    { list: one("[data-chats]"), template: one("#chat-template"), rooms: () => session.rooms.personal },
  ];
  for (const list of lists) new RoomsController({ ...list, session, addressOf });
  const navigation = new NavigationController({
    list: one("#panel"),
    session,
    addressOf,
    entered: () => {
      drawer.close();
      beginHere(composer);
    },
  });
  const useRemoved = later.add(async () => {
    const { Removed } = await import(`chat/controllers/removed.js`);
    const go = (room) => navigation.replace(room);
    return new Removed({ element: one("[data-removed]"), session, go, home: one("a.wordmark").href });
  });
  session.on("refused", (refused) => loseRefused(session, refused));
  session.on("removed", ({ channel }) => useRemoved((removed) => removed.tell(channel)));
  return (room) => navigation.go(room);
}

/** Dialogues, each fetched when it is needed: functions that call back with one. */
function dialogues({ session, socket, storage, later, urls, addressOf, composer, go, write }) {
  const dialogue = (selector, load) => later.add(async () => load(one(selector)));
  return {
    switcher: dialogue("#jump-dialog", async (dialog) => {
      const { SwitcherController } = await import(`chat/controllers/switcher.js`);
      return new SwitcherController({ dialog, template: one("#option-template"), session, go, write });
    }),
    channel: dialogue("#channel-dialog", async (dialog) => {
      const { ChannelDialogController } = await import(`chat/controllers/channel_dialog.js`);
      return new ChannelDialogController({ dialog, session, urls, addressOf, created: go });
    }),
    details: dialogue("#details-dialog", async (dialog) => {
      const { ChannelDetailsController } = await import(`chat/controllers/channel_details.js`);
      return new ChannelDetailsController({ dialog, session, addressOf });
    }),
    name: dialogue("#name-dialog", async (dialog) => {
      const { NameDialogController } = await import(`chat/controllers/name_dialog.js`);
      return new NameDialogController({ dialog, session, urls, named: () => composer.focus() });
    }),
    shortcuts: dialogue("#shortcuts-dialog", async (dialog) => {
      const { ShortcutsDialog } = await import(`chat/controllers/shortcuts_dialog.js`);
      return new ShortcutsDialog(dialog);
    }),
    logout: dialogue("#logout-dialog", async (dialog) => {
      const { LogoutController } = await import(`chat/controllers/logout.js`);
      return new LogoutController({ dialog, session, socket, storage, url: urls.logout });
    }),
  };
}

/** What opens them, and the menus. */
function openers({ session, storage, later, composer, use, say, openCard, invite }) {
  const openShortcuts = () => use.shortcuts((shortcuts) => shortcuts.open());
  listenForShortcuts({
    openList: openShortcuts,
    openSwitcher: () => use.switcher((switcher) => switcher.open()),
    write: () => composer.focus(),
  });
  one(".skip").addEventListener("click", (event) => {
    // By itself it would leave an address to go back to that is no room's.
    event.preventDefault();
    composer.focus();
  });
  one("[data-jump-to]").addEventListener("click", () => use.switcher((switcher) => switcher.open()));
  one("[data-new-channel]").addEventListener("click", () => use.channel((channel) => channel.open()));
  new MeMenuController({
    box: one("[data-me]"),
    session,
    whenReady: later.add(async () => {}),
    rename: () => use.name((name) => name.change()),
    shortcuts: openShortcuts,
    logout: () => use.logout((logout) => logout.begin()),
  });
  chooseTheme({ menu: one("[data-me]"), storage });
  const useMembers = membersOf({ one, all, session, storage, later, openCard, invite });
  const deeds = {
    members: (button) => useMembers((members) => members.toggle(button)),
    details: () => use.details((details) => details.open()),
    copy: async () => {
      const { copy } = await import(`chat/controllers/copy.js`);
      say((await copy(location.href)) ? "Copied" : "The browser does not let this page copy");
    },
    shortcuts: openShortcuts,
  };
  const useHeadMenu = later.add(async () => {
    const { HeadMenu } = await import(`chat/controllers/head_menu.js`);
    return new HeadMenu({ element: one("#head-menu"), session, deeds });
  });
  const dots = one("[data-head-menu]");
  dots.addEventListener("click", () => useHeadMenu((menu) => menu.open(dots)));
}

function start() {
  const page = stateOf(JSON.parse(one("#chat-page").textContent), one("[data-log]"));
  const { urls } = page;
  const addressOf = addressesOf(urls);
  const storage = Storage.ofBrowser();
  const socket = new Socket({ url: socketAddress(urls.socket), backoff: new Backoff() });
  const session = new Session({ page, socket, storage });
  const say = announcerOf(one("[data-announcer]"));
  const styles = stylesOf(one("#later-styles"));
  const later = new Later({ styles, failed: () => say(`That did not load. ${whatHelps(session)}`) });

  let toNewest = () => {};
  const composer = new ComposerController({
    form: one("[data-composer]"),
    hint: one("[data-composer-hint]"),
    session,
    storage,
    sent: () => toNewest(),
  });
  const go = rooms({ session, later, addressOf, composer });
  const { write, openCard, invite } = peopleOf({ one, session, later, go, say });
  toNewest = conversationOf({ one, session, storage, composer, later, say, openCard });
  showState({ session, socket, page });
  showBeginnings({ one, session, later, composer });
  const use = dialogues({ session, socket, storage, later, urls, addressOf, composer, go, write });
  openers({ session, storage, later, composer, use, say, openCard, invite });

  const useUploads = later.add(async () => {
    const { UploadsController } = await import(`chat/controllers/uploads.js`);
    const [tray, template] = [one("[data-tray]"), one("#upload-template")];
    const { file_types: types } = page;
    return new UploadsController({ tray, template, session, composer, url: urls.files, types, say });
  });
  takeFiles({
    form: one("[data-composer]"),
    conversation: one("#conversation"),
    overlay: one("[data-drop]"),
    composer,
    session,
    use: useUploads,
    say,
  });

  watchNetwork(session);
  onLeaving(() => {
    // What waits only for somebody to change their mind is done before they are gone.
    session.changes?.commit();
    composer.keep();
  });
  for (const event of ["focus", "pageshow"]) addEventListener(event, () => composer.lookAgain());
  closeWhenForgotten(session);
  followOtherTabs({ session, name: `chat ${urls.socket}` });
  later.fetchWhenUsed(document);
  session.on("reload", () => reloadOnce());
  session.on("identify", () => use.name((name) => name.ask()));
  if (session.me) session.start();
  else use.name((name) => name.ask());
}

start();
