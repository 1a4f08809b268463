/** What the page has of people, each fetched when it is needed. `one` and `all` find elements of the page. */

import { reasonOf } from "chat/changes.js";

/** The people dialogue and somebody's card, fetched when they are needed. */
export function peopleOf({ one, session, later, go, say }) {
  const useCommands = later.add(() => import(`chat/people_commands.js`));
  const write = ({ id }) =>
    useCommands(({ openDirect }) => openDirect(session, id).then(go, (error) => say(reasonOf(error))));
  const useFinder = later.add(async () => {
    const { Finder } = await import(`chat/controllers/finder.js`);
    const [dialog, template] = [one("#people-dialog"), one("#person-option-template")];
    return new Finder({ dialog, template, session, go });
  });
  const useCard = later.add(async () => {
    const { PersonCard } = await import(`chat/controllers/person_card.js`);
    return new PersonCard({ element: one("#person-card"), session, write, say });
  });
  one("[data-find-person]").addEventListener("click", () => useFinder((finder) => finder.find()));
  return {
    write,
    openCard: (person, anchor) => useCard((card) => card.open(person, anchor)),
    invite: () => useFinder((finder) => finder.invite()),
  };
}

/** The members beside the conversation; they may have been left open. */
export function membersOf({ one, all, session, storage, later, openCard, invite }) {
  const openers = [...all("[data-members-open]")];
  const use = later.add(async () => {
    const { MembersController } = await import(`chat/controllers/members.js`);
    return new MembersController({
      root: document.documentElement,
      panel: one("#members"),
      openers,
      behind: one("#conversation"),
      template: one("#member-template"),
      session,
      storage,
      openCard,
      invite,
    });
  });
  for (const opener of openers) {
    opener.addEventListener("click", () => use((members) => members.toggle(opener)));
  }
  if (document.documentElement.dataset.members) use(() => {});
  return use;
}
