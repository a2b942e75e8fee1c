// Helpers for elements. Texts are set as text, never as markup: they come from clients.

export const by = (id) => document.getElementById(id);

/** element("td.count", "12"), element("ul", "", items…) */
export const element = (name, text = "", ...children) => {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  made.classList.add(...classes);
  if (text !== "") made.textContent = text;
  made.append(...children);
  return made;
};

/** Sets the text only when it differs. A screen reader announces each change of a live region, and a selection stays. */
export const set_text = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/** Makes the children match the items, in their order. A child whose key stays is kept, with its focus and open details. */
export const reconcile = (parent, items, key, create, update = () => {}) => {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const keys = new Set(items.map((item) => String(key(item))));
  for (const [name, child] of known) if (!keys.has(name)) child.remove();
  items.forEach((item, place) => {
    const name = String(key(item));
    const child = known.get(name) ?? create(item);
    child.dataset.key = name;
    update(child, item);
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
};
