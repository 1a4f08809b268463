/**
 * Tabs of one browser are one person. A page that the server has drawn for somebody says so to the others: who
 * shows another person, or none, was open while somebody logged in, and is drawn anew.
 */
export function followOtherTabs({ session, name }) {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data: id }) => {
    if (id !== session.me?.id) location.reload();
  };
  if (session.me) channel.postMessage(session.me.id);
}
