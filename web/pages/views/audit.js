// For staff: the audit log. Officers see the lines about all accounts of their scope, the help desk its own.
import * as api from "../api.js";
import {button, el, link, name, replace, say, table} from "../dom.js";
import {t} from "../language.js";
import {action_of, person_of, result_of, role_of, time_of} from "../parts/audit_line.js";
import {act} from "../parts/note.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kPage = 100;    // lines
const kMaxLooks = 8;  // into parts of the log in which nothing fits

// The next page with a line in it. Each look goes through a few MiB of the log.
async function load(filter, after, signal) {
  let page = {lines: [], next: after};
  for (let looks = 0; looks < kMaxLooks; ++looks) {
    page = await api.get("/audit" + api.query({...filter, limit: kPage, after: page.next}), {signal});
    if (page.lines.length > 0 || !page.next) break;
  }
  return page;
}

const account_of = (entry) =>
  entry.account && link(name(entry.account), `/accounts/${encodeURIComponent(entry.account)}`);

function lines_table(lines) {
  return table(t("audit_page.title"),
    [
      {label: t("me.when"), cell: time_of}, {label: t("me.person"), cell: person_of},
      {label: t("staff.role"), cell: (entry) => role_of(entry) || t("audit_page.on_server")},
      {label: t("me.what"), cell: (entry) => [action_of(entry), result_of(entry)]},
      {label: t("staff.account"), cell: account_of},
      {label: t("me.address"), cell: (entry) => entry.client ?? ""}
    ],
    lines);
}

function filter_form(filter, is_officer) {
  const field = (label, key) => {
    const input =
      el("input", {type: "search", value: filter[key] ?? "", maxlength: 255, autocomplete: "off"});
    return {input, node: el("label", {class: "field"}, el("span", {}, label), input)};
  };
  const account = field(t("staff.account"), "account");
  const person = field(t("me.person"), "person");
  return el("form", {
    class: "filter",
    onsubmit: (event) => {
      event.preventDefault();
      go("/audit" + api.query({account: account.input.value.trim(), person: person.input.value.trim()}));
    }
  },
    account.node, is_officer && person.node, el("button", {}, t("audit_page.filter")));
}

export async function show({query, signal}) {
  const is_officer = session.current().role === "officer";
  const filter = {
    account: query.get("account") || undefined,
    person: (is_officer && query.get("person")) || undefined
  };
  let next;
  let box;
  const place = el("div", {});
  const trouble = el("div", {});
  const more = button(t("audit_page.older"), () => act(more, trouble, grow));
  const add = ({lines, next: following}) => {
    next = following;
    more.hidden = !next;
    if (box) {
      const rows = [...lines_table(lines).querySelectorAll("tbody tr")];
      box.querySelector("tbody").append(...rows);
    } else if (lines.length > 0) {
      box = lines_table(lines);
      replace(place, el("div", {class: "card"}, box));
    } else {
      replace(
        place, el("div", {class: "card"}, el("p", {}, t(next ? "audit_page.none_yet" : "audit_page.none"))));
    }
  };
  async function grow() {
    const page = await load(filter, next, signal);
    add(page);
    say(t("audit_page.added", {n: page.lines.length}));
  }
  add(await load(filter, undefined, signal));
  return {
    title: t("audit_page.title"),
    lead: t(is_officer ? "audit_page.lead" : "audit_page.lead_own"),
    content: [filter_form(filter, is_officer), place, trouble, el("div", {class: "actions"}, more)]
  };
}
