// For staff: the restored trees of all accounts of their scope. Those that should be gone come first.
import * as api from "../api.js";
import {button, el, facts, link, name, path_name, replace, say, table} from "../dom.js";
import {ago, number, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {note} from "../parts/note.js";
import {is_due, is_overdue, state_of, time_left, tree_actions} from "../parts/tree.js";
import {note_address, show as show_page} from "../router.js";
import * as session from "../session.js";

const kStep = 100;  // cards at a time
const kMaxTrees = 10_000;

async function load(signal) {
  const trees = [];
  let page;
  do {
    page = await api.get("/trees" + api.query({limit: 1000, after: page?.next}), {signal});
    trees.push(...page.trees);
  } while (page.next && trees.length < kMaxTrees);
  return {trees, unrecorded: page.unrecorded ?? [], line: page.command, sweep: page.commands.sweep};
}

const address_of = (account) => `/accounts/${encodeURIComponent(account)}`;

function overdue(tree) {
  if (!is_overdue(tree)) return null;
  return [
    el("span", {class: "tag bad"}, t("trees.overdue")), " ",
    t("trees.overdue_since", {time: ago(tree.expires)})
  ];
}

function card(tree) {
  const place = el("div", {});
  const maker = tree.made_by?.person ?? tree.made_by?.user ?? "";
  const changed = async (text) => {
    await show_page({keeps_focus: true});
    say(text);
  };
  const may_change = session.current().role === "helpdesk";
  return el("li", {class: "card"}, el("h2", {}, rich("trees.of_account", {
    tree: path_name(tree.tree),
    account: el("a", {href: address_of(tree.account)}, name(tree.account))
  })),
    el("p", {}, state_of(tree), " ", overdue(tree) ?? time_left(tree)),
    facts([t("trees.made"), time(tree.created)], is_due(tree) && [t("trees.ends"), time(tree.expires)],
      [t("trees.holds"), `${t("count.messages", {n: tree.messages})}, ${size(tree.bytes)}`],
      [t("trees.by"), maker && name(maker)]),
    place, may_change && tree_actions(tree, {root: api.path`/accounts/${tree.account}`, place, changed}),
    command([tree.commands.extend, tree.commands.expire]));
}

// Mail that lies below the folder of restored mail, and that no restore put there.
function unrecorded_card(mail) {
  if (mail.length === 0) return null;
  return el("div", {class: "card"}, el("h2", {}, t("trees.unrecorded")),
    el("p", {class: "soft"}, t("trees.unrecorded_text")),
    table(t("trees.unrecorded"),
      [
        {label: t("staff.account"), cell: (one) => link(name(one.account), address_of(one.account))},
        {label: t("folder"), cell: (one) => one.folder ? name(one.folder) : ""},
        {label: t("column.messages"), end: true, cell: (one) => number(one.messages)},
        {label: t("size"), end: true, cell: (one) => size(one.bytes)}
      ],
      mail));
}

export async function show({query, signal}) {
  const {trees, unrecorded, line, sweep} = await load(signal);
  const in_order = trees.sort((a, b) => a.expires.localeCompare(b.expires));
  const due = in_order.filter(is_due).length;
  const late = in_order.filter(is_overdue).length;
  const list = el("ul", {class: "cards"});
  const count = el("span", {class: "soft", role: "status"});
  const more = button("", () => grow());
  let shown = [];
  const grow = () => {
    const first = list.childElementCount;
    list.append(...shown.slice(first, first + kStep).map(card));
    const rest = shown.length - list.childElementCount;
    more.hidden = rest <= 0;
    replace(more, t("trees.more", {n: Math.min(rest, kStep)}));
    if (first > 0) list.children[first]?.querySelector("a")?.focus();
  };
  const fill = (text) => {
    const wanted = text.toLocaleLowerCase();
    shown = in_order.filter((tree) => tree.account.toLocaleLowerCase().includes(wanted));
    replace(list);
    replace(count, t("trees.count", {n: shown.length}));
    grow();
  };
  const input = el("input", {
    type: "search",
    value: query.get("filter") ?? "",
    "aria-label": t("staff.filter"),
    placeholder: t("staff.filter"),
    oninput: () => {
      note_address("/trees" + api.query({filter: input.value}));
      fill(input.value);
    }
  });
  fill(input.value);
  return {
    title: t("trees.title"),
    lead: t("trees.staff_lead"),
    content: [
      late > 0 && note("bad", el("p", {}, t("trees.some_overdue", {n: late})), command(sweep)),
      due > late && note("", el("p", {}, t("trees.some_due", {n: due - late}))),
      trees.length === 0 ? el("div", {class: "card"}, el("p", {}, t("trees.none")))
                         : [el("div", {class: "bar"}, input, count), list, el("p", {}, more)],
      unrecorded_card(unrecorded), command(line, t("command.page"))
    ]
  };
}
