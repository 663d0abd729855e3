// The mailbox as it was at a moment.
import * as account from "../account.js";
import * as api from "../api.js";
import {el, link, name, replace, say} from "../dom.js";
import {clock, moment, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {folder_tree} from "../parts/folder_tree.js";
import {chosen_bar, message_list} from "../parts/message_list.js";
import {cut_note, note, problem_note} from "../parts/note.js";
import {address_of} from "../parts/selection.js";
import {timeline} from "../parts/timeline.js";
import {go, note_address} from "../router.js";
import * as session from "../session.js";

const local_day = (text) => {
  const date = new Date(text);
  const two = (value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
};

// How many messages were gone in each snapshot.
function losses(bursts) {
  const lost = new Map();
  for (const burst of bursts) {
    if (burst.elsewhere >= burst.count) continue;
    lost.set(burst.gone_in, (lost.get(burst.gone_in) ?? 0) + burst.count - burst.elsewhere);
  }
  return lost;
}

// A date and a moment of that day: the same choice without the drawing.
function pickers(snapshots, choose) {
  const date = el("input", {
    type: "date",
    min: local_day(snapshots[0].time),
    max: local_day(snapshots.at(-1).time),
    onchange: () => {
      if (!date.value) return;
      const upto = snapshots.filter((snapshot) => local_day(snapshot.time) <= date.value);
      choose((upto.at(-1) ?? snapshots[0]));
    }
  });
  const hour = el("select", {onchange: () => choose(snapshots.find((one) => one.snapshot === hour.value))});
  const step = (label, by) => el("button", {
    type: "button",
    class: "quiet",
    onclick: () => {
      const at = snapshots.findIndex((one) => one.snapshot === hour.value) + by;
      if (snapshots[at]) choose(snapshots[at]);
    }
  },
    label);
  const node = el("div", {class: "actions"}, el("label", {class: "check"}, t("date"), date),
    el("label", {class: "check"}, t("time.clock"), hour),
    el("span", {class: "actions"}, step(t("time.earlier"), -1), step(t("time.later"), 1)));
  return {
    node,
    show(snapshot) {
      date.value = local_day(snapshot.time);
      const same = snapshots.filter((one) => local_day(one.time) === date.value);
      replace(hour,
        same.map((one) => el("option", {value: one.snapshot, selected: one.snapshot === snapshot.snapshot},
                   clock(one.time))));
    }
  };
}

// The messages of a folder, from which some can be chosen.
function message_part(snapshot, folder, signal) {
  const place = el("div", {});
  const root = `${account.root()}${api.path`/snapshots/${snapshot.snapshot}/messages`}`;
  let chosen = [];
  const bar = chosen_bar(
    (page) => go(address_of(
      {at: snapshot.snapshot, folders: [folder.folder], messages: chosen.map((one) => one.message)}, page)));
  const list = message_list({
    label: t("time.list", {folder: folder.folder}), total: folder.messages, newest_first: true,
    load: (after) => api.get(root + api.query({folder: folder.folder, after, limit: 1000}), {signal}),
    address: (message) => session.to(`/message/${message.message}`),
    choose: !session.can_restore() && !session.can_export() ? undefined : (messages) => {
      chosen = messages;
      bar.update(messages);
    },
    on_trouble: (error) => place.replaceChildren(problem_note(error)),
  });
  list.start();
  return {turn: list.turn, content: [bar.node, place, list.node]};
}

// The main thing to do with a folder of an earlier backup is to bring it back; the newest one's is still
// there.
function folder_part(snapshot, folder, folders, is_newest, signal) {
  const is_empty = folder.messages === 0;
  const messages = !is_empty && session.can_read() ? message_part(snapshot, folder, signal) : undefined;
  const whole = {at: snapshot.snapshot, folders: [folder.folder]};
  return [
    el("div", {class: "bar"}, el("h2", {}, name(folder.folder)),
      el("div", {class: "actions"}, folder.messages > 1 && messages?.turn,
        !is_empty && session.can_restore() &&
          link(t("time.bring_folder"), address_of(whole), is_newest ? "button" : "button main"),
        !is_empty && session.can_export() &&
          link(t("export.folder"), address_of(whole, "/export"), "button"))),
    el("p", {class: "soft small"}, t("count.messages", {n: folder.messages}), ` · ${size(folder.bytes)}`,
      folder.note && ` · ${folder.note}`),
    messages?.content ??
      el("p", {class: "soft"},
        t(is_empty                  ? "time.empty_folder"
            : session.can_restore() ? "staff.no_grant"
                                    : "staff.needs_grant")),
    command(folders.command)
  ];
}

async function mailbox(snapshot, wanted, is_newest, signal) {
  const folders = await account.folders(session.account(), snapshot.snapshot, signal);
  const with_mail = folders.filter((folder) => folder.note !== "holds only folders");
  const chosen = with_mail.find((folder) => folder.folder === wanted) ??
    (wanted ? undefined : with_mail.find((folder) => folder.folder === "INBOX") ?? with_mail[0]);
  const address = (folder) => session.to(`/time${api.query({at: snapshot.snapshot, folder})}`);
  return el("div", {class: "mailbox"}, folder_tree(folders, chosen?.folder, address),
    el("div", {class: "card"}, cut_note(folders),
      chosen ? folder_part(snapshot, chosen, folders, is_newest, signal)
             : note("", el("p", {}, rich("time.no_folder", {folder: wanted ?? ""})))));
}

export async function show({query, signal}) {
  const [snapshots, bursts] = await Promise.all(
    [account.snapshots(session.account(), signal), account.bursts(session.account(), signal)]);
  if (snapshots.length === 0) return {title: t("time.title"), content: el("p", {}, t("lost.no_backup"))};
  let chosen = snapshots.find((snapshot) => snapshot.snapshot === query.get("at")) ?? snapshots.at(-1);
  let folder = query.get("folder") ?? undefined;
  const place = el("div", {});
  const moment_line = el("p", {class: "lead"});
  const compare = el("div", {class: "actions"});
  let turn = 0;

  async function fill() {
    replace(moment_line, rich("time.lead", {time: time(chosen.time), n: chosen.messages}));
    const is_newest = chosen === snapshots.at(-1);
    replace(compare,
      !is_newest && session.can_read() &&
        link(t("time.compare"), session.to(`/changes${api.query({from: chosen.snapshot})}`), "button"),
      session.can_restore() &&
        link(t("time.bring_all"), address_of({at: chosen.snapshot, all: true}), "button"),
      session.can_export() &&
        link(t("export.all"), address_of({at: chosen.snapshot, all: true}, "/export"), "button"));
    const mine = ++turn;
    try {
      const node = await mailbox(chosen, folder, is_newest, signal);
      if (mine === turn) replace(place, node);
    } catch (error) {
      if (mine === turn && !signal.aborted) replace(place, problem_note(error, fill));
    }
  }
  const choose = (snapshot) => {
    chosen = snapshot;
    note_address(session.to(`/time${api.query({at: chosen.snapshot, folder})}`));
    strip.show(chosen.snapshot);
    picker.show(chosen);
    say(moment(chosen.time));
    fill();
  };
  const strip = timeline({snapshots, lost: losses(bursts), chosen: chosen.snapshot, choose});
  const picker = pickers(snapshots, choose);
  picker.show(chosen);
  await fill();
  return {
    title: t("time.title"),
    content: [
      cut_note(snapshots, bursts), moment_line,
      el("div", {class: "card"}, strip.node, el("div", {class: "bar"}, picker.node, compare),
        command(snapshots.command)),
      place
    ]
  };
}
