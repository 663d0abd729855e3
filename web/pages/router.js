// Which page an address shows. The state of a page is in its address, so that reload, the back button and
// bookmarks work.
import {el, replace} from "./dom.js";
import {t} from "./language.js";
import {account_nav} from "./parts/account_nav.js";
import {problem_note} from "./parts/note.js";
import * as session from "./session.js";

let routes = () => ({list: []});
let main;
let leaving = new AbortController();
let after_change = () => {};

// `list()`: the pages, {list, of_account}, each {pattern, load, section}; load() returns a module with
// show(context) -> {title, content}.
export function start(list, element, changed) {
  routes = list;
  main = element;
  after_change = changed;
  addEventListener("popstate", () => show());
  document.addEventListener("click", follow);
}

function follow(event) {
  const anchor = event.target.closest?.("a[href]");
  const is_plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!anchor || !is_plain || event.defaultPrevented || anchor.target || anchor.hasAttribute("download"))
    return;
  const url = new URL(anchor.href);
  if (url.origin !== location.origin || url.pathname.startsWith("/api/")) return;
  if (url.hash && url.pathname === location.pathname) return;
  event.preventDefault();
  go(url.pathname + url.search);
}

export function go(address, {replaces = false} = {}) {
  if (replaces) {
    history.replaceState(null, "", address);
  } else {
    history.pushState(null, "", address);
  }
  return show();
}

// The address changes, and what is shown stays.
export function note_address(address) {
  history.replaceState(null, "", address);
}

export const here = () => location.pathname + location.search;

// Staff see the pages of an account below its name.
const kOfAccount = /^\/accounts\/([^/]+)(\/.*)?$/;

function find(path) {
  const of_account = kOfAccount.exec(path);
  const {list, of_account: of_account_list} = routes();
  const [rest, known] =
    of_account && of_account_list ? [of_account[2] ?? "/", of_account_list] : [path, list];
  for (const route of known) {
    const found = route.pattern.exec(rest);
    if (found) return {route, values: found.slice(1).map(decodeURIComponent), subject: of_account?.[1]};
  }
  return undefined;
}

export async function show({keeps_focus = false} = {}) {
  leaving.abort();
  leaving = new AbortController();
  const {signal} = leaving;
  const found = find(location.pathname);
  after_change(found?.route.section);
  main.setAttribute("aria-busy", "true");
  let page;
  try {
    if (!found) {
      page = {title: t("missing.title"), content: el("p", {}, t("missing.text"))};
    } else {
      await session.choose_subject(found.subject && decodeURIComponent(found.subject));
      const module = await found.route.load();
      page = await module.show({values: found.values, query: new URLSearchParams(location.search), signal});
    }
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    if (error.code === "unauthenticated") return;  // the login is shown
    if (error.code === undefined) {
      console.error(error);
      // A file of the page did not come: the single sign-on proxy may want a login first.
      if (error instanceof TypeError && !(await session.is_known())) return;
    }
    page = {title: t("trouble.title"), content: problem_note(error, () => show())};
  }
  if (signal.aborted || page === undefined) return;
  const heading = el("h1", {tabindex: "-1"}, page.heading ?? page.title);
  main.className = page.is_narrow ? "narrow" : "";
  replace(main, found?.subject && !session.is_owner() && account_nav(found.route.section), heading,
    page.lead && el("p", {class: "lead"}, page.lead), page.content);
  main.removeAttribute("aria-busy");
  document.title = `${page.title} – mailstow`;
  if (!keeps_focus) {
    heading.focus({preventScroll: true});
    scrollTo(0, 0);
  }
}
