// Starts the page: language, session, navigation.
import * as account from "./account.js";
import * as api from "./api.js";
import {button, el, replace, say} from "./dom.js";
import {current_language, kLanguages, load_language, remember, t} from "./language.js";
import {is_for, kAccountPages, kOwnerPages, kStaffPages} from "./pages.js";
import {ask_password} from "./parts/dialog.js";
import * as router from "./router.js";
import * as session from "./session.js";

const kWarning = 120;  // seconds before the session's end

const main = el("main", {id: "main", tabindex: "-1"});
const head = el("header", {class: "top"});
const foot = el("footer", {class: "foot"});
let section;

function draw_head() {
  const holder = session.current();
  const pages = holder ? (session.is_owner() ? kOwnerPages : kStaffPages) : [];
  const shown = pages.filter((page) => is_for(page, holder));
  const brand = el("a", {class: "brand", href: "/"}, el("img", {src: "/icon.svg", alt: ""}), "mailstow");
  const links = shown.map(
    (page) =>
      el("a", {href: page.address, "aria-current": page.section === section && "page"}, t(page.label)));
  replace(head,
    el("div", {class: "top-inner"}, brand,
      links.length > 0 && el("nav", {class: "nav", "aria-label": t("nav.label")}, links),
      holder &&
        el("div", {class: "who"}, el("bdi", {class: "soft small"}, holder.person),
          session.has_password() && button(t("logout"), log_out, "quiet"))));
}

function choice(label, options, value, change) {
  const select = el("select", {onchange: () => change(select.value)},
    Object.entries(options).map(([key, text]) => el("option", {value: key, selected: key === value}, text)));
  return el("label", {}, label, select);
}

function draw_foot() {
  const themes = {auto: t("theme.auto"), light: t("theme.light"), dark: t("theme.dark")};
  replace(foot,
    el("div", {class: "foot-inner"}, choice(t("language"), kLanguages, current_language(), async (chosen) => {
      remember("language", chosen);
      await load_language(chosen);
      draw_all();
      await router.show({keeps_focus: true});
    }), choice(t("theme"), themes, document.documentElement.dataset.theme, (chosen) => {
      remember("theme", chosen);
      document.documentElement.dataset.theme = chosen;
    })));
}

function draw_all() {
  draw_head();
  draw_foot();
}

async function log_out() {
  await session.log_out();
  account.forget();
  await router.go("/login");
}

// To the login, and back to this page after it.
function to_login(reason) {
  session.forget();
  account.forget();
  if (location.pathname === "/login") return;
  const next = router.here();
  router.go("/login" + api.query({next: next === "/" ? "" : next, why: reason}), {replaces: true});
}

function watch_session() {
  let warned;  // the session whose end was announced
  setInterval(() => {
    const holder = session.current();
    if (!holder) return;
    const left = (holder.ends - Date.now()) / 1000;
    if (left <= 0) {
      to_login("ended");
    } else if (left < kWarning && warned !== holder) {
      warned = holder;
      say(t("session.soon"));
    }
  }, 1000);
}

function routes() {
  const is_staff = session.current() && !session.is_owner();
  return is_staff ? {list: kStaffPages, of_account: kAccountPages} : {list: kOwnerPages};
}

async function start() {
  await load_language();
  const skip = (event) => {
    event.preventDefault();  // the address would change, and the page be loaded for it
    main.focus();
  };
  document.body.append(el("a", {class: "skip", href: "#main", onclick: skip}, t("skip")), head, main, foot);
  draw_all();
  api.confirm_with(() => (session.has_password() ? ask_password() : session.confirm()));
  api.when_session_ends(() => to_login("ended"));
  session.on_change_elsewhere(() => location.reload());
  const changed = (now) => {
    section = now;
    draw_head();
  };
  try {
    await session.load_instance();
    // It must be here when the single sign-on proxy passes nothing on.
    if (!session.has_password()) await import("./views/login.js");
    await session.load();
  } catch (error) {
    const {problem_note} = await import("./parts/note.js");
    main.append(problem_note(error, () => location.reload()));
    return;
  }
  router.start(routes, main, changed);
  watch_session();
  if (!session.current() && location.pathname !== "/login") {
    to_login();
  } else {
    await router.show();
  }
}

start();
