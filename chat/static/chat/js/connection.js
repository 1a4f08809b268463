import { SocketState } from "chat/socket.js";
import { CloseCode } from "chat/protocol.js";
import { count } from "chat/text.js";

/** What the light shows. */
export const Light = Object.freeze({
  CONNECTED: "connected",
  CONNECTING: "connecting",
  OFFLINE: "offline",
  /** Nobody to be yet: there is nothing to connect. */
  IDLE: "idle",
});

/** So many failed tries are not a hiccup any more. */
const OFFLINE_AFTER = 2;

const ENDINGS = Object.freeze({
  [CloseCode.POLICY]: "The server did not understand this page and closed the connection.",
  [CloseCode.TOO_BIG]: "A message was too big for the server, which closed the connection.",
  [CloseCode.REMOVED]: "You were removed from this chat.",
});

/** Light and words for what the socket does, how many messages wait, and whether there is a network. */
export function connectionOf({ socket, connected, waiting, network = true, named = true }) {
  if (connected) return { light: Light.CONNECTED, words: "Connected", waiting };
  if (socket.state === SocketState.STOPPED && ENDINGS[socket.ending.code]) {
    return { light: Light.OFFLINE, words: "Not connected", ending: ENDINGS[socket.ending.code], waiting };
  }
  if (!named) return { light: Light.IDLE, words: "Choose a name to join in", waiting };
  const { failures } = socket;
  const gone = !network && socket.state === SocketState.WAITING;
  const offline = gone || failures >= OFFLINE_AFTER || (failures > 0 && waiting > 0);
  if (!offline) return { light: Light.CONNECTING, words: "Connecting", waiting };
  const words = waiting ? `Offline, ${count(waiting, "message")} waiting` : "Offline";
  return { light: Light.OFFLINE, words, waiting };
}
