// For staff: links to the pages of one account.
import {el, name} from "../dom.js";
import {t} from "../language.js";
import {is_for, kAccountPages} from "../pages.js";
import * as session from "../session.js";

export function account_nav(section) {
  const shown = kAccountPages.filter((page) => is_for(page, session.current()) &&
      (!["search", "export"].includes(page.section) || session.can_read()));
  return el("nav",
    {class: "nav account-nav", "aria-label": t("nav.of_account", {account: session.account()})},
    el("strong", {class: "account-name"}, name(session.account())),
    shown.map((page) => el("a", {
      href: session.to(page.address === "/" ? "" : page.address),
      "aria-current": page.section === section && "page"
    },
                t(page.label))));
}
