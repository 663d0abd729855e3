// The changes of the mailbox between two moments.
import * as account from "../account.js";
import * as api from "../api.js";
import {el, link, name, replace} from "../dom.js";
import {has_text, rich, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {chosen_bar, message_list} from "../parts/message_list.js";
import {problem_note} from "../parts/note.js";
import {address_of} from "../parts/selection.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kKinds = ["removed", "added", "moved", "flags"];

function folder_line(change) {
  const earlier = change.earlier ?? change.from_folder ?? change.earlier_name;
  const key = `changes.folder_${change.change}`;
  return el("li", {},
    has_text(key) ? rich(key, {folder: change.folder, earlier: earlier ?? ""})
                  : [change.change, " ", name(change.folder)]);
}

// The server pages through all changes; a page may have none of the wanted ones.
function loader(values, folder, kind, signal) {
  return async (after) => {
    const found = [];
    let next = after;
    do {
      const page = await api.get(
        `${account.root()}/changes` + api.query({...values, limit: 1000, after: next}), {signal});
      found.push(...page.messages.filter((one) => (!kind || one.change === kind) &&
          (!folder || one.folder === folder || one.from_folder === folder)));
      next = page.next;
    } while (next && found.length === 0);
    return {messages: found, next};
  };
}

export async function show({query, signal}) {
  const values = {from: query.get("from"), to: query.get("to")};
  const [folder, kind] = [query.get("folder"), query.get("show")];
  const summary = await api.get(`${account.root()}/changes` + api.query({...values, limit: 1}), {signal});
  const {counts} = summary;
  const place = el("div", {});
  let chosen = [];
  const bar = chosen_bar(
    (page) => go(address_of({at: summary.from.snapshot, messages: chosen.map((one) => one.message)}, page)));
  const list = message_list({
    label: t("changes.title"), total: 0, empty: t("changes.none"), load: loader(values, folder, kind, signal),
    address: (message) => session.to(`/message/${message.message}`),
    mark: (message) => el("span", {class: `tag${message.change === "removed" ? " bad" : ""}`, title: message.folder}, t(`changes.${message.change}`)),
    choose: kind === "removed" && (session.can_restore() || session.can_export()) ? (messages) => {
      chosen = messages;
      bar.update(messages);
    } : undefined,
    on_trouble: (error) => replace(place, problem_note(error)),
  });
  list.start();
  const filters = el("div", {class: "tabs", role: "group", "aria-label": t("changes.filter")},
    [undefined, ...kKinds].map((one) => el("button", {
      type: "button",
      "aria-pressed": String((kind ?? undefined) === one),
      onclick: () => go(session.to(`/changes${api.query({...values, folder, show: one})}`), {replaces: true})
    },
                                 one ? folder ? t(`changes.${one}`)
                                              : t(`changes.count_${one}`, {n: counts[one]})
                                     : t("changes.all"))));
  return {
    title: t("changes.title"),
    lead: rich("changes.lead", {from: time(summary.from.time), to: time(summary.to.time)}),
    content: [
      folder &&
        el("p", {}, t("folder") + ": ", el("strong", {}, name(folder)), " ",
          link(t("changes.all_folders"), session.to(`/changes${api.query({...values, show: kind})}`),
            "button quiet")),
      summary.folders.length > 0 && !folder &&
        el(
          "div", {class: "card"}, el("h2", {}, t("folders")), el("ul", {}, summary.folders.map(folder_line))),
      el("div", {class: "card"}, filters, bar.node, place, list.node, command(summary.command))
    ],
  };
}
