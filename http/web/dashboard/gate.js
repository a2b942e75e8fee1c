// Where a key is asked for: in place of the numbers, whenever the service says that it needs one, knows not the one it was
// given, or may not show numbers to it. What is wrong with a key stands beside the field, and is read out as it appears.
import { by, say } from "{{assets/dom.js}}";
import { forget_key, keep_key } from "{{assets/key.js}}";

// The error codes of RFC 6750, 3.1. A challenge without one: no key came along.
const faults = {
  invalid_token: "This key is not known. It may be mistyped, or no longer in use.",
  insufficient_scope: "This key may not look at events and numbers: it lacks the scope read.",
};

const show_fault = (text) => {
  say(by("key-fault"), text);
  if (text) by("key").setAttribute("aria-invalid", "true");
  else by("key").removeAttribute("aria-invalid");
};

const fault_of = (text) => {
  if (text === "") return "Type or paste a key.";
  // No header could carry it.
  return /^[!-~]+$/.test(text) ? "" : "No key holds blanks, or letters beyond ASCII.";
};

const peek = (is_shown) => {
  by("key").type = is_shown ? "text" : "password";
  by("peek").setAttribute("aria-pressed", String(is_shown));
};

/** Forgets the key that was refused, and asks for another. */
export const open_gate = (challenge) => {
  forget_key();
  by("gate").hidden = false;
  show_fault(faults[/error="(\w+)"/.exec(challenge)?.[1]] ?? "");
  by("key").focus();
  by("key").select();
};

/** Whoever was in the gate goes on where the numbers begin. */
export const close_gate = () => {
  if (by("gate").hidden) return;
  const was_here = by("gate").contains(document.activeElement);
  by("gate").hidden = true;
  by("key").value = "";
  peek(false);
  if (was_here) by("main").focus();
};

/** attempt() is called when there is a key to try. */
export const start_gate = (attempt) => {
  by("peek").addEventListener("click", () => peek(by("key").type === "password"));
  by("gate-form").addEventListener("submit", (event) => {
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
    location.reload(); // what the key has shown goes with it
  });
};
