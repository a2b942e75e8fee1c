// The form that asks for an API key. It replaces the numbers whenever the service needs a key, does not know the key that
// was sent, or refuses to show numbers to it. What is wrong with a key is shown beside the field, and is announced.
import { by, set_text } from "{{assets/dom.js}}";
import { forget_key, keep_key } from "{{assets/key.js}}";

// The error codes of RFC 6750, 3.1. A challenge without one means that no key was sent.
const faults = {
  invalid_token: "This key is not known. It may be mistyped, or no longer in use.",
  insufficient_scope: "This key may not look at events and numbers: it does not have the scope read.",
};

const show_fault = (text) => {
  set_text(by("key-fault"), text);
  if (text) by("key").setAttribute("aria-invalid", "true");
  else by("key").removeAttribute("aria-invalid");
};

const fault_of = (text) => {
  if (text === "") return "Type or paste a key.";
  // No header field could carry other characters.
  return /^[!-~]+$/.test(text) ? "" : "No key holds blanks, or letters beyond ASCII.";
};

const peek = (is_shown) => {
  by("key").type = is_shown ? "text" : "password";
  by("peek").setAttribute("aria-pressed", String(is_shown));
};

/** Forgets the key that was refused, and shows the form. */
export const show_login = (challenge) => {
  forget_key();
  by("login").hidden = false;
  show_fault(faults[/error="(\w+)"/.exec(challenge)?.[1]] ?? "");
  by("key").focus();
  by("key").select();
};

/** Hides the form. A focus in it moves to where the numbers begin. */
export const hide_login = () => {
  if (by("login").hidden) return;
  const was_here = by("login").contains(document.activeElement);
  by("login").hidden = true;
  by("key").value = "";
  peek(false);
  if (was_here) by("main").focus();
};

/** attempt() is called when a key was entered. */
export const start_login = (attempt) => {
  by("peek").addEventListener("click", () => peek(by("key").type === "password"));
  by("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = by("key").value.trim();
    const fault = fault_of(given);
    show_fault(fault);
    if (fault) return by("key").focus();
    keep_key(given);
    attempt();
  });
  by("forget").addEventListener("click", () => {
    forget_key();
    location.reload(); // so that nothing that the key could see stays
  });
};
