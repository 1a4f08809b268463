import { ReplyError } from "chat/protocol.js";

/** Django's token, read anew each time: it changes at login. */
export function csrfToken() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  if (cookie) return decodeURIComponent(cookie.slice("csrftoken=".length));
  return document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

async function answerOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const answer = type.includes("application/json") ? await response.json() : {};
  if (response.ok) return answer;
  throw refusalIn(answer);
}

/** What a JSON answer says went wrong. */
export function refusalIn({ error = {} }) {
  const { code = "server_error", detail = "", retry_after = null } = error;
  return new ReplyError(code, detail, retry_after);
}

/** The JSON at this address. Throws a ReplyError, or what `fetch` throws when nothing got through. */
export async function getJson(url, { signal } = {}) {
  return answerOf(await fetch(url, { signal, headers: { Accept: "application/json" } }));
}

/** Posts JSON and returns the JSON answer. Throws like `getJson`. */
export async function postJson(url, data = {}) {
  const headers = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "X-CSRFToken": csrfToken(),
  };
  return answerOf(await fetch(url, { method: "POST", headers, body: JSON.stringify(data) }));
}
