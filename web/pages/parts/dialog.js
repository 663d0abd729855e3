// Questions in front of the page.
import * as api from "../api.js";
import {button, el} from "../dom.js";
import {t} from "../language.js";

import {problem_note} from "./note.js";

let count = 0;

// `content(close)`: nodes; close(value) ends the dialog with it. Escape ends it with undefined.
function open(title, content) {
  return new Promise((resolve) => {
    const id = `dialog-${++count}`;
    const dialog = el("dialog", {"aria-labelledby": id});
    let value;
    const close = (result) => {
      value = result;
      dialog.close();
    };
    dialog.append(el("h2", {id}, title), ...content(close));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(value);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function ask(title, text, yes, kind = "main") {
  return open(title,
    (close) => [el("p", {}, text),
      el("div", {class: "actions"}, button(t("cancel"), () => close(false)),
        button(yes, () => close(true), kind))]);
}

// The login is too old for what is wanted. True if it is recent now.
export function ask_password() {
  return open(t("confirm.title"), (close) => {
    const input =
      el("input", {type: "password", name: "password", autocomplete: "current-password", required: true});
    const trouble = el("div", {});
    const send = el("button", {class: "main"}, t("confirm.send"));
    const submit = async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        await api.post("/session/confirm", {password: input.value});
        close(true);
      } catch (error) {
        trouble.replaceChildren(problem_note(error));
        input.value = "";
        input.focus();
      } finally {
        send.disabled = false;
      }
    };
    return [
      el("p", {}, t("confirm.text")), trouble,
      el("form", {onsubmit: submit},
        el("label", {class: "field"}, el("span", {}, t("login.password")), input),
        el("div", {class: "actions"}, button(t("cancel"), () => close(false)), send))
    ];
  });
}
