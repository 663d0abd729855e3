// Home: what vanished from the mailbox, newest first.
import * as account from "../account.js";
import * as api from "../api.js";
import {el, link, name} from "../dom.js";
import {moment, rich, size, t, time, weekday} from "../language.js";
import {command} from "../parts/command.js";
import {cut_note, note} from "../parts/note.js";
import {address_of} from "../parts/selection.js";
import {unfinished} from "../parts/unfinished.js";
import {note_address} from "../router.js";
import * as session from "../session.js";

const is_moved = (burst) => burst.elsewhere >= burst.count;

// Messages of the folder that are still in the mailbox are not restored.
export function selection_of(burst) {
  const selection = {at: burst.snapshot, folders: [burst.folder]};
  return burst.whole_folder ? selection : {...selection, missing: true};
}

function title_of(burst) {
  return rich(burst.whole_folder ? "lost.whole" : "lost.part",
    {n: burst.count, folder: el("strong", {}, name(burst.folder))});
}

function inside(burst) {
  return burst.whole_folder
    ? session.to(`/time${api.query({at: burst.snapshot, folder: burst.folder})}`)
    : session.to(`/changes${
        api.query({from: burst.snapshot, to: burst.gone_in, folder: burst.folder, show: "removed"})}`);
}

function card(burst) {
  return el("li", {class: "card burst"},
    el("div", {}, el("h2", {}, title_of(burst)),
      el("p", {class: "when"}, rich("lost.between", {
        before: time(burst.last_seen, weekday(burst.last_seen)),
        after: time(burst.time, weekday(burst.time))
      }),
        ` · ${size(burst.bytes)}`),
      burst.elsewhere > 0 && !is_moved(burst) &&
        el("p", {class: "small soft"}, t("lost.some_elsewhere", {n: burst.elsewhere})),
      burst.replaced > 0 && el("p", {class: "small soft"}, t("lost.replaced", {n: burst.replaced}))),
    el("div", {class: "actions"},
      session.can_restore() &&
        el("a", {class: "button main", href: address_of(selection_of(burst))}, t("bring_back"),
          el("span", {class: "hidden-text"}, ` ${burst.folder}`)),
      session.can_read() &&
        el("a", {class: "button", href: inside(burst)}, t("look_inside"),
          el("span", {class: "hidden-text"}, ` ${burst.folder}`))),
    command(burst.command));
}

function moved(bursts) {
  if (bursts.length === 0) return null;
  const count = bursts.reduce((sum, burst) => sum + burst.count, 0);
  return el("details", {class: "more card"}, el("summary", {}, t("lost.moved", {n: count})),
    el("ul", {},
      bursts.map((burst) => el("li", {}, rich("lost.moved_line", {n: burst.count, folder: burst.folder}), " ",
                   time(burst.time), " ", session.can_read() && link(t("look_inside"), inside(burst))))));
}

function filter(bursts, chosen, change) {
  const names = [...new Set(bursts.map((burst) => burst.folder))].sort((a, b) => a.localeCompare(b));
  if (names.length < 4) return null;
  const select =
    el("select", {onchange: () => change(select.value)}, el("option", {value: ""}, t("lost.all_folders")),
      names.map((folder) => el("option", {value: folder, selected: folder === chosen}, folder)));
  return el("p", {}, el("label", {class: "check"}, t("folder"), select));
}

function empty(since) {
  return el("div", {class: "card"}, el("h2", {}, t("lost.nothing")),
    el("p", {}, since ? t("lost.nothing_since", {time: moment(since)}) : t("lost.no_backup")),
    el("div", {class: "actions"}, link(t("nav.search"), session.to("/search"), "button"),
      link(t("nav.time"), session.to("/time"), "button")));
}

export async function show({query, signal}) {
  account.forget();
  const [bursts, snapshots, jobs] = await Promise.all([
    account.bursts(session.account(), signal), account.snapshots(session.account(), signal),
    unfinished(signal)
  ]);
  const newest = snapshots.at(-1);
  const newest_first = [...bursts].reverse();
  const list = el("ul", {class: "cards"});
  const fill = (folder) => {
    const shown = newest_first.filter((burst) => !is_moved(burst) && (!folder || burst.folder === folder));
    list.replaceChildren(...shown.map(card));
  };
  const folder = query.get("folder") ?? "";
  fill(folder);
  const some = newest_first.some((burst) => !is_moved(burst));
  const change = (chosen) => {
    note_address(session.to("/lost") + api.query({folder: chosen}));
    fill(chosen);
  };
  return {
    title: t("lost.title"),
    lead: newest ? rich("lost.lead", {time: time(newest.time)}) : t("lost.no_backup"),
    content: [
      jobs, cut_note(bursts, snapshots),
      newest?.status !== undefined && newest.status !== "complete" &&
        note("warn", el("p", {}, t("lost.partial"))),
      some ? [filter(newest_first.filter((burst) => !is_moved(burst)), folder, change), list]
           : empty(snapshots[0]?.time),
      moved(newest_first.filter(is_moved))
    ],
  };
}
