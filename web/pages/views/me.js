// Who looked into the mailbox's backup, permissions for staff, and the bounds of the day.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, facts, replace, say, table} from "../dom.js";
import {moment, number, rich, t, time} from "../language.js";
import {action_of, person_of, result_of, role_of, time_of} from "../parts/audit_line.js";
import {act, note} from "../parts/note.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

const kMaxLines = 200;

function who(entry) {
  const is_other = entry.role && entry.role !== "owner";
  return [person_of(entry), is_other && [" ", el("span", {class: "tag warn"}, role_of(entry))]];
}

function looks(audit) {
  const lines = audit.lines;
  return el("div", {class: "card"}, el("h2", {}, t("me.audit")), el("p", {class: "soft"}, t("me.audit_text")),
    table(t("me.audit"),
      [
        {label: t("me.when"), cell: time_of}, {label: t("me.person"), cell: who},
        {label: t("me.what"), cell: (entry) => [action_of(entry), result_of(entry)]},
        {label: t("me.address"), cell: (entry) => entry.client ?? ""}
      ],
      lines));
}

function grants_card(grants) {
  const place = el("div", {});
  const code_place = el("div", {"aria-live": "polite"});
  const make = button(t("me.consent"), () => act(make, place, async () => {
    const consent = await api.post(`${account.root()}/consent`);
    replace(code_place,
      note("", el("p", {class: "code"}, consent.code),
        el("p", {}, rich("me.code_text", {time: time(consent.ends)}))));
  }));
  const open = grants.filter((grant) => grant.state === "given");
  return el("div", {class: "card"}, el("h2", {}, t("me.grants")),
    el("p", {class: "soft"}, t("me.grants_text")), place, code_place,
    open.length > 0 && el("ul", {}, open.map((grant) => {
      const end = button(t("me.revoke"), () => act(end, place, async () => {
        await api.remove(api.path`/grants/${grant.grant}`);
        await show_page({keeps_focus: true});
        say(t("me.revoked"));
      }), "bad");
      return el("li", {class: "actions"},
        el("span", {}, rich("me.grant", {person: grant.person, time: time(grant.ends)})), end);
    })),
    el("div", {class: "actions below"}, make));
}

function bounds({today, bounds: most}) {
  if (!today || !most) return null;
  const of = (done, limit) => t("me.of", {done: number(done), limit: number(limit)});
  return el("div", {class: "card"}, el("h2", {}, t("me.limits")),
    facts([t("me.opened"), of(today.messages, most.messages_per_day)],
      [t("me.restores"), of(today.restores, most.restores_per_day)],
      [t("me.exports"), of(today.exports, most.exports_per_day)],
      [t("me.trees"), t("me.at_most", {n: most.trees})],
      [t("me.session"), t("me.until", {time: moment(new Date(session.current().ends).toISOString())})]));
}

export async function show({signal}) {
  const [audit, grants, now] = await Promise.all([
    api.get(`${account.root()}/audit` + api.query({limit: kMaxLines}), {signal}),
    api.get("/grants", {signal}), api.get("/session", {signal})
  ]);
  return {
    title: t("nav.me"),
    content: [el("div", {class: "grid-2"}, grants_card(grants.grants), bounds(now)), looks(audit)]
  };
}
