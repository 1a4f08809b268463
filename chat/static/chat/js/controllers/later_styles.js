/**
 * The style sheets of what opens later wait in a template. Returns the function that puts them into the
 * page, once; it resolves when they apply.
 */
export function stylesOf(template) {
  let adding = null;
  return () => {
    adding ??= add([...template.content.querySelectorAll("link")]).catch((error) => {
      adding = null;
      throw error;
    });
    return adding;
  };
}

async function add(waiting) {
  const links = waiting.map((link) => link.cloneNode());
  const loaded = links.map((link) => new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", reject);
  }));
  document.head.append(...links);
  try {
    await Promise.all(loaded);
  } catch (error) {
    for (const link of links) link.remove();
    throw error;
  }
}
