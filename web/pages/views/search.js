// Search in everything that the account held.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, link, name, replace} from "../dom.js";
import {moment, t} from "../language.js";
import {command} from "../parts/command.js";
import {chosen_bar, message_list} from "../parts/message_list.js";
import {problem_note} from "../parts/note.js";
import {address_of} from "../parts/selection.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kFields = ["from", "to", "subject", "folder", "after", "before"];

function state_of(message) {
  if (message.still_there === null) return el("span", {class: "tag"}, t("search.unsure"));
  if (message.still_there) return el("span", {class: "tag good"}, t("search.there"));
  const elsewhere = message.now_in?.length > 0;
  const tag =
    el("span", {class: `tag${elsewhere ? "" : " bad"}`}, elsewhere ? t("search.moved") : t("search.gone"));
  tag.title = elsewhere  ? message.now_in.join(", ")
    : message.gone_since ? t("search.gone_since", {time: moment(message.gone_since)})
                         : "";
  return tag;
}

function help() {
  return el("details", {class: "more"}, el("summary", {}, t("search.help")),
    el("p", {}, t("search.help_text")),
    el("ul", {},
      ["from:nina rechnung", '"exact words"', "subject:lease -draft", "folder:Archive after:2026-11-01"].map(
        (example) =>
          el("li", {}, link(el("code", {}, example), session.to(`/search${api.query({q: example})}`))))));
}

function results(text, place, signal) {
  const total = el("p", {class: "soft", role: "status"}, t("loading"));
  let chosen = [];
  // Each was last seen in a snapshot of its own; a restore is of one.
  const bar = chosen_bar(
    (page) => go(address_of({at: chosen[0].snapshot, messages: chosen.map((one) => one.message)}, page)));
  const same = el("div", {});
  const warning = el("p", {class: "small soft", hidden: true}, t("search.one_moment"));
  const list = message_list({
    label: t("search.results"), total: 0,
    load: async (after) => {
      const page = await api.get(`${account.root()}/search` + api.query({q: text, after, limit: 200}), {signal});
      replace(same, command(page.command));
      replace(total, page.total === 0 ? t("search.nothing") : t("search.found", {n: page.total}));
      return page;
    },
    address: (message) => session.to(`/message/${message.message}`), mark: state_of,
    choose: !session.can_restore() && !session.can_export() ? undefined : (messages) => {
      const first = messages[0]?.snapshot;
      chosen = messages.filter((message) => message.snapshot === first);
      warning.hidden = chosen.length === messages.length;
      bar.update(chosen);
    },
    on_trouble: (error) => replace(place, problem_note(error)),
  });
  replace(place, total, bar.node, warning, list.node, same);
  return list.start();
}

export async function show({query, signal}) {
  const text = query.get("q") ?? "";
  const input = el("input", {
    type: "search",
    name: "q",
    value: text,
    "aria-label": t("search.query"),
    enterkeyhint: "search",
    autocomplete: "off",
    maxlength: 2000
  });
  const place = el("div", {});
  const submit = (event) => {
    event.preventDefault();
    if (input.value.trim()) go(session.to(`/search${api.query({q: input.value.trim()})}`));
  };
  const chips = kFields.map((field) => button(t(`search.field_${field}`), () => {
    const start = input.value.trim() ? `${input.value.trim()} ` : "";
    input.value = `${start}${field}:`;
    input.focus();
    if (field === "after" || field === "before") input.value += new Date().toISOString().slice(0, 10);
  }));
  if (text) results(text, place, signal);
  return {
    title: text ? t("search.title_of", {query: text}) : t("search.title"),
    heading: t("search.title"),
    lead: t("search.lead"),
    content: [
      el("form", {class: "card", role: "search", onsubmit: submit},
        el("div", {class: "search"}, input, el("button", {class: "main"}, t("search.send"))),
        el("div", {class: "chips", role: "group", "aria-labelledby": "search-fields"},
          el("span", {class: "soft small", id: "search-fields"}, t("search.fields")), chips),
        help()),
      place
    ],
  };
}
