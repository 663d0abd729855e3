// The same on the command line, to copy: as the server says it, which starts it.
import {button, el, say} from "../dom.js";
import {t} from "../language.js";

// Null without a text.
export function command(text) {
  if (!text) return null;
  const copy = button(t("command.copy"), async () => {
    await navigator.clipboard.writeText(text);
    say(t("command.copied"));
  }, "quiet");
  return el("details", {class: "more command"}, el("summary", {}, t("command.same")),
    el("pre", {tabindex: "0"}, text), navigator.clipboard && el("div", {class: "actions"}, copy));
}
