/**
 * What this person said last in the room they are in. A message on its way there is waited for: the server
 * may have answered before its event comes. Whatever the person does meanwhile ends the waiting.
 */
export class LastSaid {
  #session;
  #found;
  #awaited = null;

  /** `found(message)` is called with what was sought; never, where there is nothing. */
  constructor({ session, found }) {
    this.#session = session;
    this.#found = found;
    session.on("outbox", () => this.#arrived());
    for (const event of ["room", "connection"]) session.on(event, () => this.forget());
  }

  seek() {
    const { connected, outbox, room } = this.#session;
    this.#awaited = (connected && outbox.comingTo(room)?.cid) || null;
    if (!this.#awaited) this.#find(() => true);
  }

  /** Nothing is waited for any more. */
  forget() {
    this.#awaited = null;
  }

  #arrived() {
    const cid = this.#awaited;
    if (!cid || this.#session.outbox.isComing(cid)) return;
    this.forget();
    this.#find((message) => message.cid === cid);
  }

  #find(fits) {
    const { me, timeline, changes } = this.#session;
    const isMine = ({ id, author }) => author.id === me?.id && !changes.leavingOf(id);
    const message = timeline.messages.findLast((one) => isMine(one) && fits(one));
    if (message) this.#found(message);
  }
}
