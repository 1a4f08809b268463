/** What somebody had open is not for whoever comes after them, and would act on what was theirs. */
export function closeWhenForgotten(session) {
  session.on("me", () => {
    if (session.me !== null) return;
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });
}
