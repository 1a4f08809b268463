import { part, show } from "chat/dom.js";

/**
 * Files by the button, by dropping them on the conversation, and by pasting a picture: what has to be heeded
 * at once. The rest comes when it is needed: `use(then)` calls back with an UploadsController.
 */
export function takeFiles({ form, conversation, overlay, composer, session, use, say }) {
  const button = part(form, "attach");
  const input = part(form, "files-input");
  const give = (given) => {
    // The list is empty as soon as the event is over.
    const files = [...given];
    if (!session.me || form.hidden) return;
    if (composer.editing) say("Save or cancel the edit before you attach files");
    else use((uploads) => uploads.add(files));
    composer.focus();
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    give(input.files);
    input.value = "";
  });
  form.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    // Copied text may bring its picture along.
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    give(files);
  });
  takeDropped(conversation, overlay, { may: () => session.me && !form.hidden, show: use, give });
}

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");

function takeDropped(conversation, overlay, { may, show: use, give }) {
  let depth = 0;
  const rest = () => {
    depth = 0;
    show(overlay, false);
  };
  // Dropped beside it, a file would take the place of the page.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (!conversation.contains(event.target)) event.dataTransfer.dropEffect = "none";
    });
  }
  conversation.addEventListener("dragenter", (event) => {
    if (!hasFiles(event) || !may()) return;
    depth += 1;
    use(() => show(overlay, depth > 0));
  });
  conversation.addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth <= 0) rest();
  });
  conversation.addEventListener("drop", (event) => {
    rest();
    if (hasFiles(event)) give(event.dataTransfer.files);
  });
}
