// For staff: all accounts of their scope, those without a recent backup first.
import * as api from "../api.js";
import {el, name, replace} from "../dom.js";
import {number, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {cut_note} from "../parts/note.js";
import {rows} from "../parts/rows.js";
import {note_address} from "../router.js";

const kStale = 2 * 86_400_000;  // milliseconds without a backup

const is_stale = (one) => !one.newest || Date.now() - Date.parse(one.newest) > kStale;

function line(one) {
  return el("div", {class: "row bare"},
    el("a", {href: `/accounts/${encodeURIComponent(one.account)}`},
      el("span", {class: "subject"}, name(one.account)),
      el("span", {class: "from"}, t("count.messages", {n: one.messages}), ` · ${size(one.bytes)} · `,
        t("staff.backups", {n: one.snapshots}))),
    el("div", {class: "side"},
      el("span", {}, is_stale(one) ? el("span", {class: "tag bad"}, t("staff.stale")) : t("staff.newest")),
      one.newest && el("span", {}, time(one.newest))));
}

export async function show({query, signal}) {
  const all = await api.get_all("/accounts", "accounts", {signal, most: 200_000});
  const in_order = all.sort((a, b) => is_stale(b) - is_stale(a) || a.account.localeCompare(b.account));
  const stale = in_order.filter(is_stale).length;
  let shown = [];
  const list = rows({label: t("nav.accounts"), total: 0, row: (index) => shown[index] && line(shown[index])});
  const count = el("span", {class: "soft", role: "status"});
  const fill = (text) => {
    const wanted = text.toLocaleLowerCase();
    shown = in_order.filter((one) => one.account.toLocaleLowerCase().includes(wanted));
    list.refresh({total: shown.length, forgets: true});
    replace(count, t("staff.accounts", {n: shown.length}));
  };
  const input = el("input", {
    type: "search",
    value: query.get("filter") ?? "",
    "aria-label": t("staff.filter"),
    placeholder: t("staff.filter"),
    oninput: () => {
      note_address("/" + api.query({filter: input.value}));
      fill(input.value);
    }
  });
  fill(input.value);
  return {
    title: t("nav.accounts"),
    lead: stale > 0 ? t("staff.some_stale", {n: stale, total: number(all.length)}) : t("staff.none_stale"),
    content: [cut_note(all), el("div", {class: "bar"}, input, count), list.node, command(all.command)],
  };
}
