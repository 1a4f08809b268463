import { Backoff } from "chat/backoff.js";
import { ChannelDialogController } from "chat/controllers/channel_dialog.js";
import { ComposerController } from "chat/controllers/composer.js";
import { DrawerController } from "chat/controllers/drawer.js";
import { showDrawerDot } from "chat/controllers/drawer_dot.js";
import { showEmpty } from "chat/controllers/empty.js";
import { HeadController } from "chat/controllers/head.js";
import { LightController } from "chat/controllers/light.js";
import { LogoutController } from "chat/controllers/logout.js";
import { MeMenuController } from "chat/controllers/me_menu.js";
import { NameDialogController } from "chat/controllers/name_dialog.js";
import { NavigationController } from "chat/controllers/navigation.js";
import { watchNetwork } from "chat/controllers/network.js";
import { showOnline } from "chat/controllers/online.js";
import { ReadController } from "chat/controllers/read.js";
import { showRefusal } from "chat/controllers/refusal.js";
import { reloadOnce } from "chat/controllers/reload.js";
import { RoomsController } from "chat/controllers/rooms.js";
import { ScrollController } from "chat/controllers/scroll.js";
import { chooseTheme } from "chat/controllers/theme.js";
import { TimelineController } from "chat/controllers/timeline.js";
import { showTyping } from "chat/controllers/typing.js";
import { hasFinePointer } from "chat/dom.js";
import { Session } from "chat/session.js";
import { Socket } from "chat/socket.js";
import { Storage } from "chat/storage.js";

const one = (selector) => document.querySelector(selector);

function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

function start() {
  const page = JSON.parse(one("#chat-page").textContent);
  const { urls } = page;
  const addressOf = (slug) => urls.channel.replace("SLUG", slug);
  const storage = Storage.ofBrowser();
  const socket = new Socket({ url: socketAddress(urls.socket), backoff: new Backoff() });
  const session = new Session({ page, socket, storage });

  const log = one("[data-log]");
  const box = one("[data-timeline]");
  const scroll = new ScrollController({
    box,
    log,
    top: one("[data-timeline-top]"),
    pill: one("[data-jump]"),
    session,
  });
  scroll.on("top", () => session.older());
  const templates = {
    message: one("#message-template"),
    day: one("#day-template"),
    announcement: one("#announcement-template"),
    news: one("#news-template"),
  };
  new TimelineController({ log, session, templates, scroll });
  new ReadController({ box, log, session });
  const composer = new ComposerController({
    form: one("[data-composer]"),
    hint: one("[data-composer-hint]"),
    session,
    sent: () => scroll.toBottom(),
  });

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
      if (hasFinePointer()) composer.focus();
    },
  });

  new HeadController({ head: one(".head"), timeline: box, session, siteName: page.site_name });
  new LightController({
    root: document.documentElement,
    words: one("[data-connection-words]"),
    banner: one("[data-banner]"),
    session,
    socket,
  });
  showTyping({ line: one("[data-typing]"), session });
  showOnline({ element: one("[data-online]"), session });
  showDrawerDot({ dot: one("[data-drawer-dot]"), session });
  showEmpty({ element: one("[data-empty]"), session, composer });
  showRefusal({ element: one("[data-refusal]"), log, session });

  const name = new NameDialogController({
    dialog: one("#name-dialog"),
    session,
    urls,
    named: () => composer.focus(),
  });
  new ChannelDialogController({
    dialog: one("#channel-dialog"),
    opener: one("[data-new-channel]"),
    session,
    urls,
    addressOf,
    created: (channel) => navigation.go(channel),
  });
  const logout = new LogoutController({
    dialog: one("#logout-dialog"),
    session,
    storage,
    url: urls.logout,
  });
  const me = one("[data-me]");
  new MeMenuController({
    box: me,
    session,
    rename: () => name.change(),
    logout: () => logout.begin(),
  });
  chooseTheme({ menu: me, storage });

  watchNetwork(session);
  session.on("reload", () => reloadOnce());
  if (session.me) session.start();
  else name.ask();
}

start();
