import { csrfToken, refusalIn } from "chat/http.js";
import { ErrorCode, ReplyError } from "chat/protocol.js";

/**
 * Sends one file to a room, with progress, which `fetch` does not tell. Returns `{done, abort()}`: `done`
 * resolves with the attachment or rejects with a ReplyError; `progress(part)` is told 0 to 1.
 */
export function upload(url, { room, file, progress }) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
    request.addEventListener("load", () => {
      const answer = answerIn(request);
      if (answer.attachment) resolve(answer.attachment);
      else reject(refusalIn(answer));
    });
    for (const end of ["error", "abort"]) {
      request.addEventListener(end, () => reject(new ReplyError(ErrorCode.DISCONNECTED)));
    }
  });
  const form = new FormData();
  form.append("room", room);
  form.append("file", file, file.name);
  request.open("POST", url);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.send(form);
  return { done, abort: () => request.abort() };
}

function answerIn({ responseText }) {
  try {
    return JSON.parse(responseText);
  } catch {
    return {};
  }
}

/** Takes a file away that no message has; what does not get through, the server does by itself in time. */
export function removeUpload(url, { id }) {
  const headers = { "X-CSRFToken": csrfToken() };
  fetch(`${url}${id}/`, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}
