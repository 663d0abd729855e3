// The restored trees, their time left, and the restores that are not finished.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, facts, link, name, say} from "../dom.js";
import {duration, has_text, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {ask} from "../parts/dialog.js";
import {act, cut_note} from "../parts/note.js";
import {unfinished} from "../parts/unfinished.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

const kWeek = 7;  // days

function time_left(tree) {
  if (tree.seconds_left <= 0) return [el("span", {class: "tag warn"}, t("trees.due"))];
  const stay = (Date.parse(tree.expires) - Date.parse(tree.created)) / 1000;
  return [
    rich("trees.left", {left: el("strong", {}, duration(tree.seconds_left)), time: time(tree.expires)}), " ",
    el("progress", {
      class: "left-bar",
      max: stay,
      value: Math.min(stay, tree.seconds_left),
      "aria-label": t("trees.time_left")
    })
  ];
}

function state_of(tree) {
  const key = `trees.state_${tree.state}`;
  return el("span", {class: `tag${tree.state === "complete" ? " good" : " warn"}`},
    has_text(key) ? t(key) : tree.state);
}

function card(tree) {
  const maker = tree.made_by?.person ?? tree.made_by?.user ?? "";
  const place = el("div", {});
  const root = `${account.root()}/trees`;
  const changed = async (text) => {
    await show_page({keeps_focus: true});
    say(text);
  };
  const extend = button(t("trees.extend"), () => act(extend, place, async () => {
    await api.post(`${root}/extend`, {tree: tree.tree, days: kWeek});
    await changed(t("trees.extended"));
  }));
  const expire = button(t("trees.remove"), async () => {
    if (!(await ask(t("trees.remove_title"), t("trees.remove_text"), t("trees.remove"), "bad"))) return;
    await act(expire, place, async () => {
      await api.post(`${root}/expire`, {tree: tree.tree});
      await changed(t("trees.removed"));
    });
  }, "bad");
  for (const one of [extend, expire]) one.append(el("span", {class: "hidden-text"}, ` ${tree.tree}`));
  return el("li", {class: "card"}, el("h2", {}, name(tree.tree)),
    el("p", {}, state_of(tree), " ", time_left(tree)),
    facts([t("trees.made"), time(tree.created)],
      [t("trees.holds"), `${t("count.messages", {n: tree.messages})}, ${size(tree.bytes)}`],
      [
        t("trees.elsewhere"),
        tree.elsewhere === null || tree.elsewhere === undefined ? t("trees.elsewhere_unknown")
                                                                : t("count.messages", {n: tree.elsewhere})
      ],
      [t("trees.by"), maker !== session.current().person && name(maker)]),
    place,
    session.can_restore() && el("div", {class: "actions below"}, extend, tree.seconds_left > 0 && expire),
    command(tree.commands && `${tree.commands.extend}\n${tree.commands.expire}`));
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
                           link(t("nav.lost"), session.to("/lost"), "button"))
    ],
  };
}
