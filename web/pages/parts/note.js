// A note about what went wrong, or what matters.
import {button, el} from "../dom.js";
import {number, t} from "../language.js";

export function problem_note(error, again) {
  const text = error.text ?? t("problem.internal");
  return el("div", {class: "note bad", role: "alert"}, el("p", {}, text), again && button(t("again"), again));
}

export const note = (kind, ...content) => el("div", {class: `note ${kind}`}, content);

// For lists of api.get_all(): a part must not pass for the whole.
export function cut_note(...lists) {
  const cut = lists.filter((list) => list.is_cut);
  return cut.map(
    (list) => note("warn", el("p", {role: "status"}, t("list.cut", {count: number(list.length)}))));
}

// Runs an action of a button: once at a time, with its problems shown in `place`.
export async function act(control, place, action) {
  if (control.getAttribute("aria-disabled") === "true") return;
  control.setAttribute("aria-disabled", "true");
  place.replaceChildren();
  try {
    await action();
  } catch (error) {
    if (error.name === "AbortError" || error.code === "unauthenticated") return;
    if (error.code === undefined) console.error(error);
    place.append(problem_note(error));
  } finally {
    control.removeAttribute("aria-disabled");
  }
}
