// The API key, where the service needs one. It is kept in this tab's session storage: a reload finds it again, another
// tab does not, and closing the tab forgets it. It is sent as a header to our own origin, and is never part of a URL.
const slot = "analytics_events.key";

// Session storage throws when the browser's settings forbid it: the key is then kept as long as the page.
const stored = (action) => {
  try {
    return action(sessionStorage);
  } catch {
    return null;
  }
};

let key = stored((storage) => storage.getItem(slot)) ?? "";

export const has_key = () => key !== "";

export const keep_key = (given) => {
  key = given;
  stored((storage) => storage.setItem(slot, given));
};

export const forget_key = () => {
  key = "";
  stored((storage) => storage.removeItem(slot));
};

/** The header that carries the key; none without one. */
export const credentials = () => (has_key() ? { Authorization: `Bearer ${key}` } : {});
