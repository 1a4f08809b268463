import { takeHeads, takeRoom } from "chat/directory.js";
import { frame } from "chat/protocol.js";

/**
 * What a session does with each type of frame; a type that is not here is for a newer page. `own` has what
 * is the session's alone: `reply` (true when somebody asked), `welcome`, `complaint`, `me`, `online`,
 * and `say(frame)`.
 */
export function handlersOf(session, conversation, own) {
  const here = ({ room }) => room === session.room;
  return {
    batch: ({ frames }) => frames.forEach((one) => session.receive(one)),
    welcome: own.welcome,
    joined: (received) => {
      own.reply(received);
      // At once, not when the promise of the join gets to it: what follows in a batch builds on it.
      conversation.joined(received);
    },
    event: (received) => conversation.event(received),
    ack: own.reply,
    ok: own.reply,
    history: own.reply,
    error: (received) => own.reply(received) || own.complaint(received),
    presence: (received) => here(received) && conversation.presence.apply(received),
    typing: (received) => here(received) && conversation.typing.renew(received.by),
    channel: (received) => takeRoom(session, received),
    heads: ({ rooms }) => takeHeads(session, rooms),
    online: ({ count }) => own.online(count),
    me: ({ me }) => own.me(me),
    read: (received) => session.unread.read(received.room, received),
    ping: ({ ts }) => own.say(frame("pong", { ts })),
  };
}
