/** What rooms are called, a personal chat by its other person, one with oneself by what it is for; and where. */

export const NOTES = "Notes to yourself";

export const isPersonal = ({ kind }) => kind === "direct";

/** A personal chat with oneself. */
export const isNotes = (room, me) => isPersonal(room) && room.person?.id === me?.id;

export const titleOf = (room, me) => (isNotes(room, me) ? NOTES : room.name);

/** Whom one writes to. */
export const addresseeOf = (room, me) => (isNotes(room, me) ? "yourself" : room.name);

export const iconOf = ({ private: secret }) => (secret ? "#icon-lock" : "#icon-hash");

/** Only people with an account have personal chats, and find each other by name. */
export const hasAccount = (me) => me?.guest === false;

/** Where rooms live: `addressOf(room)` for `{kind, slug}`, from the patterns that the page has. */
export const addressesOf =
  ({ channel, direct }) =>
  (room) =>
    isPersonal(room) ? direct.replace("ID", room.slug) : channel.replace("SLUG", room.slug);

/** The line under the name: the topic, after what a private channel is. */
export const topicOf = ({ private: secret, topic }) =>
  [secret && "By invitation", topic].filter(Boolean).join(" · ");

/** Whether this person may leave a channel for good: who made it stays, unless they are staff. */
export const mayLeave = ({ kind, private: secret, maker }, me, may = []) =>
  kind === "channel" && Boolean(secret) && me !== null && (maker !== me.id || may.includes("moderate"));

/** Whether this person may say who belongs to a channel: who made it, and staff. */
export const mayChange = ({ kind, maker }, me, may = []) =>
  kind === "channel" && me !== null && (maker === me.id || may.includes("moderate"));
