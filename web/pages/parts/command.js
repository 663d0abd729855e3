// The same on the command line, to copy: as the server says it, which starts it.
import {button, el, say} from "../dom.js";
import {t} from "../language.js";

// As a shell reads it.
function quoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (/[\x00-\x1f\x7f]/.test(word)) {
    const escaped =
      word.replace(/[\\']/g, "\\$&")
        .replace(/[\x00-\x1f\x7f]/g, (letter) => "\\x" + letter.charCodeAt(0).toString(16).padStart(2, "0"));
    return `$'${escaped}'`;
  }
  return `'${word.replaceAll("'", "'\\''")}'`;
}

// For what the desk does not start itself: what it starts has a `command` in its answer.
export const line = (words) => words.map(quoted).join(" ");

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
