// The same on the command line, to copy. Every line comes from the server, quoted for a shell.
import {button, el, say} from "../dom.js";
import {t} from "../language.js";

// Several texts are copied one by one: run together, the last would undo what the first did.
function one(text, is_alone) {
  const copy = button(t("command.copy"), async () => {
    await navigator.clipboard.writeText(text);
    say(t("command.copied"));
  }, "quiet");
  if (!is_alone) copy.append(el("span", {class: "hidden-text"}, ` ${text}`));
  return [el("pre", {tabindex: "0"}, text), navigator.clipboard && el("div", {class: "actions"}, copy)];
}

// Null without a text. `texts`: one, or a list of them. `label`: what it is, unless it does the same as the
// page or the card around it.
export function command(texts, label = t("command.same")) {
  const shown = [texts].flat().filter(Boolean);
  if (shown.length === 0) return null;
  return el("details", {class: "more command"}, el("summary", {}, label),
    shown.map((text) => one(text, shown.length === 1)));
}
