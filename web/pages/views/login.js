// Login with the password of the mailbox, or at the single sign-on proxy.
import {button, el} from "../dom.js";
import {t} from "../language.js";
import {note, problem_note} from "../parts/note.js";
import {go} from "../router.js";
import * as session from "../session.js";

// Only a path of this page.
function next_of(query) {
  const next = query.get("next") ?? "/";
  const is_ours = next.startsWith("/") && new URL(next, location.origin).origin === location.origin;
  return is_ours && !next.startsWith("/login") ? next : "/";
}

const ended = () => note("warn", el("p", {role: "status"}, t("session.ended")));

// The proxy shows its own login when a page is loaded, and this one logs in by itself when it starts.
function at_proxy(next) {
  return {
    title: t("login.title"),
    is_narrow: true,
    content:
      [ended(), el("div", {class: "actions"}, button(t("login.again"), () => location.assign(next), "main"))]
  };
}

export async function show({query}) {
  if (session.current()) {
    go(next_of(query), {replaces: true});
    return undefined;
  }
  if (!session.has_password()) return at_proxy(next_of(query));
  const user = el("input", {
    name: "user",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 255
  });
  const password = el("input",
    {name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 1024});
  const trouble = el("div", {});
  const send = el("button", {class: "main"}, t("login.send"));
  const submit = async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    send.textContent = t("login.wait");
    trouble.replaceChildren();
    try {
      await session.log_in(user.value, password.value);
      await go(next_of(query), {replaces: true});
    } catch (error) {
      trouble.replaceChildren(problem_note(error));
      password.value = "";
      password.focus();
    } finally {
      send.disabled = false;
      send.textContent = t("login.send");
    }
  };
  return {
    title: t("login.title"),
    is_narrow: true,
    lead: t("login.lead"),
    content: [
      query.get("why") === "ended" && ended(), trouble,
      el("form", {class: "card", method: "post", action: "/login", onsubmit: submit},
        el("label", {class: "field"}, el("span", {}, t("login.user")), user),
        el("label", {class: "field"}, el("span", {}, t("login.password")), password),
        el("div", {class: "actions"}, send))
    ],
  };
}
