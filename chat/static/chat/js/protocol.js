/** The wire protocol, version 1, as docs/protocol.md has it: frames, close codes, and what a close means. */

export const VERSION = 1;

/** What this page can say, and the fields each may have. */
export const CLIENT_FRAMES = Object.freeze({
  join: ["ref", "room", "at"],
  leave: ["ref", "room"],
  send: ["ref", "room", "cid", "body", "attachments", "reply_to"],
  edit: ["ref", "room", "id", "body"],
  delete: ["ref", "room", "id"],
  react: ["ref", "room", "id", "emoji", "on"],
  history: ["ref", "room", "before", "limit"],
  read: ["ref", "room", "epoch", "n"],
  typing: ["room"],
  create: ["ref", "name", "topic", "private", "keeps"],
  update: ["ref", "room", "name", "topic", "keeps"],
  rooms: ["ref", "query", "after", "limit"],
  members: ["ref", "room", "after"],
  people: ["ref", "query", "after", "limit"],
  direct: ["ref", "person"],
  invite: ["ref", "room", "person"],
  remove: ["ref", "room", "person"],
  pong: ["ts"],
});

/** What the server can say. */
export const SERVER_FRAMES = Object.freeze([
  "welcome",
  "joined",
  "event",
  "ack",
  "ok",
  "history",
  "error",
  "presence",
  "typing",
  "channel",
  "heads",
  "online",
  "me",
  "read",
  "ping",
  "batch",
]);

export const EVENT_KINDS = Object.freeze(["message", "edit", "delete", "reaction"]);

export const ErrorCode = Object.freeze({
  RATE_LIMITED: "rate_limited",
  UNAVAILABLE: "unavailable",
  NOT_FOUND: "not_found",
  FORBIDDEN: "forbidden",
  TOO_LONG: "too_long",
  EMPTY: "empty",
  INVALID: "invalid",
  INVALID_NAME: "invalid_name",
  NAME_TAKEN: "name_taken",
  NAME_YOURS: "name_yours",
  /** Ours, not the server's: the connection went before the reply came. */
  DISCONNECTED: "disconnected",
  /** Ours: kept in the outbox for longer than the server remembers what it stored. */
  EXPIRED: "expired",
});

export const CloseCode = Object.freeze({
  POLICY: 1008,
  TOO_BIG: 1009,
  RESTART: 1012,
  NO_IDENTITY: 4401,
  REMOVED: 4403,
  STALLED: 4408,
  OLD_VERSION: 4409,
  FLOODING: 4429,
  /** Ours, sent when the page ends a connection that has gone quiet. */
  GIVEN_UP: 4000,
});

/** Some servers leave applications only 1000 and 3000 to 4999; there these stand so much higher. */
const PRIVATE_CODES = 3000;
const MOVED = [CloseCode.POLICY, CloseCode.TOO_BIG, CloseCode.RESTART];

/** The code of this list that a server meant by the one it closed with. */
export const meantBy = (code) => MOVED.find((own) => own + PRIVATE_CODES === code) ?? code;

/** What to do after a close. */
export const After = Object.freeze({
  RETRY: "retry",
  STOP: "stop",
  IDENTIFY: "identify",
  RELOAD: "reload",
});

const A_MOMENT_S = 2;
const RESTART_SPREAD_MS = 5_000;
const FLOODING_REST_MS = 30_000;

/**
 * What a client does when the connection was closed with this code.
 *
 * `spread` is a first wait at random within so many ms, so that not everybody comes back at once;
 * `rest` is the least wait in ms.
 */
export function afterClose(code) {
  switch (code) {
    case CloseCode.RESTART:
      return { what: After.RETRY, spread: RESTART_SPREAD_MS };
    case CloseCode.FLOODING:
      return { what: After.RETRY, rest: FLOODING_REST_MS };
    case CloseCode.POLICY:
    case CloseCode.TOO_BIG:
    case CloseCode.REMOVED:
      return { what: After.STOP };
    case CloseCode.NO_IDENTITY:
      return { what: After.IDENTIFY };
    case CloseCode.OLD_VERSION:
      return { what: After.RELOAD };
    default:
      return { what: After.RETRY };
  }
}

/** A frame to send; a field that is `undefined` stays away, one the protocol lacks is a mistake of ours. */
export function frame(type, fields = {}) {
  const known = CLIENT_FRAMES[type];
  if (!known) throw new TypeError(`The protocol has no frame ${type}.`);
  const made = { type };
  for (const [name, value] of Object.entries(fields)) {
    if (!known.includes(name)) throw new TypeError(`A ${type} frame has no field ${name}.`);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

/** An `error` reply (or one of our own codes) as something to throw. */
export class ReplyError extends Error {
  constructor(code, detail = "", retryAfter = null) {
    super(detail || code);
    this.name = "ReplyError";
    this.code = code;
    this.detail = detail;
    /** Seconds, or null. */
    this.retryAfter = retryAfter;
  }

  /** How long to wait with the same request, in ms: what the server says, or a moment. */
  get waitMs() {
    return Math.ceil((this.retryAfter ?? A_MOMENT_S) * 1000);
  }

  /** The same request may get through later, with nothing changed. */
  get passing() {
    return this.code === ErrorCode.RATE_LIMITED || this.code === ErrorCode.UNAVAILABLE;
  }
}
