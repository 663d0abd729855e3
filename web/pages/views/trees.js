// The restored trees, their time left, and the restores that are not finished.
import * as account from "../account.js";
import * as api from "../api.js";
import {el, facts, link, name, path_name, say} from "../dom.js";
import {size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {cut_note} from "../parts/note.js";
import {state_of, time_left, tree_actions} from "../parts/tree.js";
import {unfinished} from "../parts/unfinished.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

function card(tree) {
  const maker = tree.made_by?.person ?? tree.made_by?.user ?? "";
  const place = el("div", {});
  const changed = async (text) => {
    await show_page({keeps_focus: true});
    say(text);
  };
  return el("li", {class: "card"}, el("h2", {}, path_name(tree.tree)),
    el("p", {}, state_of(tree), " ", time_left(tree)),
    facts([t("trees.made"), time(tree.created)],
      [t("trees.holds"), `${t("count.messages", {n: tree.messages})}, ${size(tree.bytes)}`],
      [
        t("trees.elsewhere"),
        tree.elsewhere === null || tree.elsewhere === undefined ? t("trees.elsewhere_unknown")
                                                                : t("count.messages", {n: tree.elsewhere})
      ],
      [t("trees.by"), maker !== session.current().person && name(maker)]),
    place, session.can_restore() && tree_actions(tree, {root: account.root(), place, changed}),
    command(tree.commands && [tree.commands.extend, tree.commands.expire]));
}

export async function show({signal}) {
  const [trees, jobs] =
    await Promise.all([api.get_all(`${account.root()}/trees`, "trees", {signal}), unfinished(signal)]);
  const newest_first = [...trees].sort((a, b) => b.created.localeCompare(a.created));
  return {
    title: t("trees.title"),
    lead: t("trees.lead"),
    content: [
      cut_note(trees), jobs,
      trees.length > 0 ? el("ul", {class: "cards"}, newest_first.map(card))
                       : el("div", {class: "card"}, el("p", {}, t("trees.none")),
                           link(t("lost.see"), session.to("/lost"), "button"))
    ],
  };
}
