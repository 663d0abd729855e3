// The same on the command line, to copy. Every line comes from the server, quoted for a shell.
import {button, el, say} from "../dom.js";
import {t} from "../language.js";

// Null without a text. `label`: what it is, unless it does the same as the page.
export function command(text, label = t("command.same")) {
  if (!text) return null;
  const copy = button(t("command.copy"), async () => {
    await navigator.clipboard.writeText(text);
    say(t("command.copied"));
  }, "quiet");
  return el("details", {class: "more command"}, el("summary", {}, label), el("pre", {tabindex: "0"}, text),
    navigator.clipboard && el("div", {class: "actions"}, copy));
}
