// What to download: a moment, and then everything, some folders, or what a search finds.
import * as account from "../account.js";
import {el, name, replace} from "../dom.js";
import {moment, number, t} from "../language.js";
import * as session from "../session.js";

import {command} from "./command.js";
import {note, problem_note} from "./note.js";
import {radios} from "./radios.js";

function kind_of(selection) {
  if (selection?.query) return "query";
  return selection?.folders ? "folders" : "all";
}

// A checkbox for each folder of the snapshot.
function folder_part(signal) {
  const chosen = new Set();
  const list = el("ul", {class: "choices"});
  const subfolders = el("input", {type: "checkbox"});
  const place = el("div", {});
  let shown = [];
  let turn = 0;

  async function load(snapshot) {
    const mine = ++turn;
    replace(list, el("li", {class: "soft"}, t("loading")));
    try {
      const folders = await account.folders(session.account(), snapshot, signal);
      if (mine !== turn) return;
      shown = folders.filter((folder) => folder.messages > 0);
      replace(list, shown.map((folder) => {
        const box = el("input", {
          type: "checkbox",
          checked: chosen.has(folder.folder),
          onchange: () => (box.checked ? chosen.add(folder.folder) : chosen.delete(folder.folder))
        });
        return el("li", {},
          el("label", {class: "check"}, box, name(folder.folder),
            el("span", {class: "soft small number"}, number(folder.messages),
              el("span", {class: "hidden-text"}, " " + t("messages")))));
      }));
      replace(place);
    } catch (error) {
      if (mine === turn && !signal.aborted) replace(place, problem_note(error, () => load(snapshot)));
    }
  }
  return {
    node: el("div", {role: "group", "aria-label": t("folders")}, place, list,
      el("label", {class: "check"}, subfolders, t("export.subfolders"))),
    load,
    choose(folders, with_subfolders) {
      for (const folder of folders) chosen.add(folder);
      subfolders.checked = with_subfolders;
    },
    // Only folders that are shown count: others are not in this snapshot.
    get selection() {
      const folders = shown.map((folder) => folder.folder).filter((folder) => chosen.has(folder));
      return folders.length > 0 ? {folders, subfolders: subfolders.checked || undefined} : undefined;
    },
  };
}

function query_part() {
  const input = el("input",
    {type: "search", name: "q", autocomplete: "off", maxlength: 2000, "aria-describedby": "export-query"});
  return {
    node: el("div", {}, el("label", {class: "field"}, el("span", {}, t("search.query")), input),
      el("p", {class: "soft small", id: "export-query"}, t("export.query_text"))),
    input,
  };
}

// `selection`: the one that is changed, or undefined. `choose(selection)` is called with the new one.
export async function export_choice(selection, choose, signal) {
  const snapshots = await account.snapshots(session.account(), signal);
  if (snapshots.length === 0) return el("p", {}, t("lost.no_backup"));
  const at =
    snapshots.some((one) => one.snapshot === selection?.at) ? selection.at : snapshots.at(-1).snapshot;
  const folders = folder_part(signal);
  const query = query_part();
  const trouble = el("div", {});
  let kind = kind_of(selection);
  folders.choose(selection?.folders ?? [], selection?.subfolders === true);
  query.input.value = selection?.query ?? "";
  const select = el("select", {name: "at", onchange: () => show_kind()},
    [...snapshots].reverse().map((one) => el("option", {value: one.snapshot, selected: one.snapshot === at},
                                   `${moment(one.time)} (${t("count.messages", {n: one.messages})})`)));
  const show_kind = () => {
    folders.node.hidden = kind !== "folders";
    query.node.hidden = kind !== "query";
    if (kind === "folders") folders.load(select.value);
  };
  const kinds = radios(t("export.what"), {
    all: [t("export.kind_all"), t("export.kind_all_text")],
    folders: [t("export.kind_folders")],
    query: [t("export.kind_query")]
  },
    kind, (chosen) => {
      kind = chosen;
      show_kind();
    });
  show_kind();
  const submit = (event) => {
    event.preventDefault();
    const text = query.input.value.trim();
    const chosen = kind === "all" ? {all: true}
      : kind === "folders"        ? folders.selection
                                  : text && {query: text};
    if (!chosen) {
      replace(trouble,
        note(
          "bad", el("p", {role: "alert"}, t(kind === "folders" ? "export.no_folder" : "export.no_query"))));
      return;
    }
    choose({at: select.value, ...chosen});
  };
  return [
    el("form", {class: "card", onsubmit: submit, onchange: () => replace(trouble)},
      el("label", {class: "field"}, el("span", {}, t("export.moment")), select), kinds, folders.node,
      query.node, trouble,
      el("div", {class: "actions below"}, el("button", {class: "main"}, t("export.look")))),
    command(snapshots.command)
  ];
}
