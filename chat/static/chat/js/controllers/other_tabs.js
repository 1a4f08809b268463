/** What a tab says that goes with something unsent. */
const UNSENT = "unsent";

/**
 * Tabs of one browser are one person. A page that the server has drawn for somebody says so to the others: who
 * shows another person, or none, was open while somebody logged in, and is drawn anew. What a tab that is closed has
 * not sent is sent by another.
 */
export function followOtherTabs({ session, name }) {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => {
    if (data === UNSENT) session.outbox?.takeUp(Date.now());
    else if (data !== session.me?.id) location.reload();
  };
  if (session.me) channel.postMessage(session.me.id);
  addEventListener("pagehide", () => session.outbox?.size && channel.postMessage(UNSENT));
}
