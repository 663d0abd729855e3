// The state of a restored tree, and the buttons that change it.
import * as api from "../api.js";
import {button, el, say} from "../dom.js";
import {duration, has_text, rich, t, time} from "../language.js";

import {ask} from "./dialog.js";
import {act} from "./note.js";

const kWeek = 7;                      // days
const kOverdue = 2 * 60 * 60 * 1000;  // milliseconds after the end: sweeps run every hour

export const is_due = (tree) => tree.seconds_left <= 0;
export const is_overdue = (tree) => is_due(tree) && Date.now() - Date.parse(tree.expires) > kOverdue;

export function time_left(tree) {
  if (is_due(tree)) return el("span", {class: "tag warn"}, t("trees.due"));
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

export function state_of(tree) {
  const key = `trees.state_${tree.state.replace("being ", "")}`;
  return el("span", {class: `tag${tree.state === "complete" ? " good" : " warn"}`},
    has_text(key) ? t(key) : tree.state);
}

// `root`: the account in the API. `changed(text)` is called afterwards, `place` gets what went wrong.
export function tree_actions(tree, {root, place, changed}) {
  const extend = button(t("trees.extend"), () => act(extend, place, async () => {
    await api.post(`${root}/trees/extend`, {tree: tree.tree, days: kWeek});
    await changed(t("trees.extended"));
  }));
  const expire = button(t("trees.remove"), async () => {
    if (!(await ask(t("trees.remove_title"), t("trees.remove_text"), t("trees.remove"), "bad"))) return;
    await act(expire, place, async () => {
      await api.post(`${root}/trees/expire`, {tree: tree.tree});
      await changed(t("trees.removed"));
    });
  }, "bad");
  for (const one of [extend, expire]) one.append(el("span", {class: "hidden-text"}, ` ${tree.tree}`));
  return el("div", {class: "actions below"}, extend, !is_due(tree) && expire);
}
