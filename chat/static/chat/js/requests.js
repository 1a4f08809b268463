import { ErrorCode, frame, ReplyError } from "chat/protocol.js";

/** Commands that wait for their one reply, matched by `ref`. */
export class Requests {
  #send;
  #waiting = new Map();
  #last = 0;

  /** `send(frame)` says whether there was a connection to hand it to. */
  constructor(send) {
    this.#send = send;
  }

  /** Resolves with the reply; rejects with a ReplyError, also when the connection goes first. */
  ask(type, fields) {
    const ref = ++this.#last;
    return new Promise((resolve, reject) => {
      if (!this.#send(frame(type, { ...fields, ref }))) {
        reject(new ReplyError(ErrorCode.DISCONNECTED));
        return;
      }
      this.#waiting.set(ref, { resolve, reject });
    });
  }

  /** Hands a frame to whoever asked for it; false when nobody did. */
  answer(reply) {
    const asked = this.#waiting.get(reply.ref);
    if (!asked) return false;
    this.#waiting.delete(reply.ref);
    if (reply.type === "error") {
      asked.reject(new ReplyError(reply.code, reply.detail, reply.retry_after ?? null));
    } else {
      asked.resolve(reply);
    }
    return true;
  }

  /** The connection is gone: nothing that is under way will be answered. */
  abandon() {
    const abandoned = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of abandoned) reject(new ReplyError(ErrorCode.DISCONNECTED));
  }
}
