import { part } from "chat/dom.js";

/** The state that the server has put into the page: `messages` as on the wire, from their rows and the rest. */
export function stateOf(page, log) {
  const rows = [...log.querySelectorAll('[data-row="message"]')];
  const messages = page.messages.map((rest, at) => ({
    ...inRow(rows[at]),
    room: page.room,
    attachments: [],
    reactions: [],
    ...rest,
    author: page.authors[rest.author],
  }));
  return { ...page, messages };
}

function inRow(row) {
  const { id, seq, n } = row.dataset;
  const ts = Date.parse(part(row, "time").dateTime);
  return { id, seq: Number(seq), n: Number(n), ts, body: part(row, "body").textContent };
}
