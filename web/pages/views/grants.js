// For staff: permissions to look into mailboxes, asked for and given.
import * as api from "../api.js";
import {button, el, link, say} from "../dom.js";
import {has_text, rich, t, time} from "../language.js";
import {act} from "../parts/note.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

function card(grant) {
  const place = el("div", {});
  const is_officer = session.current().role === "officer";
  const change = (label, kind, request, text) => {
    const control = button(label, () => act(control, place, async () => {
      await request();
      await show_page({keeps_focus: true});
      say(text);
    }), kind);
    return control;
  };
  const may_approve =
    is_officer && grant.state === "asked" && grant.reason && grant.person !== session.current().person;
  const is_open = grant.state === "asked" || grant.state === "given";
  return el("li", {class: "card"},
    el("h2", {}, rich("grants.who", {person: grant.person || t("grants.any"), account: grant.account})),
    el("p", {},
      el("span", {class: `tag${grant.state === "given" ? " good" : ""}`},
        has_text(`grants.${grant.state}`) ? t(`grants.${grant.state}`) : grant.state),
      " ", rich("grants.until", {time: time(grant.ends)})),
    grant.reason && el("p", {}, rich("grants.reason", {reason: grant.reason})),
    grant.approved_by && el("p", {class: "soft small"}, rich("grants.by", {person: grant.approved_by})),
    place,
    is_open &&
      el("div", {class: "actions"},
        may_approve &&
          change(t("grants.approve"), "main", () => api.post(api.path`/grants/${grant.grant}/approve`),
            t("grants.approved")),
        is_officer &&
          change(
            t("me.revoke"), "bad", () => api.remove(api.path`/grants/${grant.grant}`), t("grants.ended")),
        grant.state === "given" &&
          link(t("grants.open"), `/accounts/${encodeURIComponent(grant.account)}`, "button")));
}

export async function show() {
  const grants = await session.load_grants();
  const newest_first = [...grants].sort((a, b) => b.made.localeCompare(a.made));
  return {
    title: t("nav.grants"),
    lead: t("grants.lead"),
    content: grants.length > 0 ? el("ul", {class: "cards"}, newest_first.map(card))
                               : el("div", {class: "card"}, el("p", {}, t("grants.none")))
  };
}
