// The same on the command line, to copy.
import {button, el, say} from "../dom.js";
import {t} from "../language.js";

// As a shell reads it. Names from mail may hold anything.
export function quoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (/[\x00-\x1f\x7f]/.test(word)) {
    const escaped =
      word.replace(/[\\']/g, "\\$&")
        .replace(/[\x00-\x1f\x7f]/g, (letter) => "\\x" + letter.charCodeAt(0).toString(16).padStart(2, "0"));
    return `$'${escaped}'`;
  }
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const glob_of = (folder) => folder.replaceAll("*", "%2A").replaceAll("?", "%3F");

// The `mailstow-restore run` of a selection.
export function restore_command(account, selection) {
  const words = ["mailstow-restore", "run", account];
  if (selection.at) words.push("--at", selection.at.slice(0, 16));
  for (const folder of selection.folders ?? []) words.push(`--folder=${glob_of(folder)}`);
  if (selection.subfolders) words.push("--subfolders");
  for (const message of selection.messages ?? []) words.push("--message", message.slice(0, 16));
  if (selection.query) words.push(`--query=${selection.query}`);
  if (selection.since) words.push("--since", selection.since);
  if (selection.before) words.push("--before", selection.before);
  if (selection.missing) words.push("--missing");
  if (selection.all) words.push("--all");
  return line(words);
}

export const line = (words) => words
                                 .map((word, at) => {
                                   const option = /^(--[a-z-]+=)(.*)$/s.exec(word);
                                   return option && at > 0 ? option[1] + quoted(option[2]) : quoted(word);
                                 })
                                 .join(" ");

export function command(text) {
  const copy = button(t("command.copy"), async () => {
    await navigator.clipboard.writeText(text);
    say(t("command.copied"));
  }, "quiet");
  return el("details", {class: "more command"}, el("summary", {}, t("command.same")),
    el("pre", {tabindex: "0"}, text), navigator.clipboard && el("div", {class: "actions"}, copy));
}
