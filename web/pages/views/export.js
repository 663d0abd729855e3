// A download of mail: what it holds, its format, and how far it is.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, facts, link, name, replace, say, table} from "../dom.js";
import {number, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {export_choice} from "../parts/export_choice.js";
import {watch_export} from "../parts/export_watch.js";
import {act, note, problem_note} from "../parts/note.js";
import {radios} from "../parts/radios.js";
import {address_of, selection_in} from "../parts/selection.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kMaxFolders = 200;  // rows of the table

function folder_table({folders}) {
  const shown = folders.slice(0, kMaxFolders);
  return [
    table(t("export.folders"),
      [
        {label: t("folder"), cell: (folder) => name(folder.folder)},
        {label: t("column.messages"), end: true, cell: (folder) => number(folder.messages)},
        {label: t("size"), end: true, cell: (folder) => size(folder.bytes)}
      ],
      shown),
    shown.length < folders.length &&
      el("p", {class: "soft"}, t("plan.more_folders", {n: folders.length - shown.length}))
  ];
}

// The browser saves it; the page stays.
function save(url) {
  const anchor = el("a", {href: url, download: "", hidden: true});
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

// The progress of one download, in `place`.
function progress_in(place, total, url) {
  const bar = el("progress", {max: 1, value: 0, "aria-label": t("export.progress")});
  const words = el("p", {class: "soft number"});
  const by_hand =
    el("p", {}, t("export.waits"), " ", el("a", {href: url, download: ""}, t("export.by_hand")));
  replace(place, el("div", {class: "card"}, bar, words, by_hand));
  let tenth = 0;
  return (state) => {
    by_hand.hidden = state.state !== "ready";
    if (state.state === "done") {
      replace(place,
        note(state.damaged > 0 ? "warn" : "", el("h2", {}, t("export.done", {n: state.messages})),
          state.damaged > 0 && el("p", {}, t("export.damaged", {n: state.damaged})),
          el("p", {}, t("export.after"))));
      say(t("export.done", {n: state.messages}));
      return;
    }
    if (state.state === "refused") {
      replace(place, problem_note(new api.Problem({code: state.code}, 0)));
      return;
    }
    if (state.state === "broken") {
      replace(place, note("bad", el("p", {role: "alert"}, t("export.broken"))));
      return;
    }
    const part = total.bytes > 0 ? Math.min(1, state.bytes / total.bytes) : 0;
    bar.value = part;
    replace(words, t("job.amount", {n: state.messages, total: number(total.messages)}),
      `, ${size(state.bytes)} / ${size(total.bytes)}`);
    const now = Math.floor(part * 10);
    if (now > tenth) say(t("job.percent", {n: now * 10}));
    tenth = now;
  };
}

function bound_of({today, bounds}) {
  if (!today || !bounds) return undefined;  // staff have none
  return {done: today.exports, limit: bounds.exports_per_day};
}

async function choose_page(selection, signal) {
  return {
    title: t("export.title"),
    lead: t("export.lead"),
    content: await export_choice(selection, (chosen) => go(address_of(chosen, "/export")), signal)
  };
}

// Undefined if nothing of the mailbox is in the selection.
async function plan_of(selection, signal) {
  try {
    const plan = await api.post(`${account.root()}/export-plans`, {selection}, {signal});
    return plan.document.messages > 0 ? plan : undefined;
  } catch (error) {
    if (error.code === "not_found") return undefined;
    throw error;
  }
}

async function plan_page(selection, signal) {
  const [plan, holder] = await Promise.all([plan_of(selection, signal), api.get("/session", {signal})]);
  const change = link(t("export.change"), address_of(selection, "/export", {choose: true}), "button");
  if (!plan) {
    return {
      title: t("export.title"),
      content: [note("", el("p", {}, t("export.nothing"))), el("div", {class: "actions"}, change)]
    };
  }
  const {document: held, commands} = plan;
  const bound = bound_of(holder);
  const is_used_up = bound !== undefined && bound.done >= bound.limit;
  let format = "eml";
  const place = el("div", {});
  const progress = el("div", {class: "after"});
  const same = el("div", {class: "after"});
  const show_command = () => replace(same, command(commands[format]));
  const formats = radios(t("export.format"),
    {eml: [t("export.eml"), t("export.eml_text")], mbox: [t("export.mbox"), t("export.mbox_text")]}, format,
    (chosen) => {
      format = chosen;
      show_command();
    });
  show_command();
  const send = button(t("export.send_count", {n: held.messages}), () => act(send, place, async () => {
    replace(progress);
    // The selection stays that of this snapshot, however many follow.
    const prepared =
      await api.post(`${account.root()}/exports`, {selection: {...selection, at: held.snapshot}, format});
    save(prepared.url);
    const draw = progress_in(progress, held, prepared.url);
    const show_state = (state) => {
      draw(state);
      const is_counted = state.state !== "ready" && state.state !== "refused";
      if (bound && is_counted && bound.done + 1 >= bound.limit) send.setAttribute("aria-disabled", "true");
    };
    watch_export(account.root() + api.path`/exports/${prepared.export}/state`, show_state,
      {signal, trouble: (error) => replace(progress, problem_note(error))});
  }), "main");
  if (is_used_up) send.setAttribute("aria-disabled", "true");
  return {
    title: t("export.title"),
    lead: rich("export.plan", {n: held.messages, time: time(held.snapshot_time)}),
    content: [
      el("div", {class: "card"}, folder_table(held)),
      el("div", {class: "card"},
        facts([t("plan.total"), `${t("count.messages", {n: held.messages})}, ${size(held.bytes)}`],
          [t("export.bound"), bound && t("me.of", {done: number(bound.done), limit: number(bound.limit)})],
          [t("export.kept"), t("export.kept_text")]),
        formats),
      is_used_up && note("warn", el("p", {}, t("export.used_up"))), place,
      el("div", {class: "actions"}, send, change), progress, same
    ],
  };
}

export async function show({query, signal}) {
  const selection = selection_in(query);
  if (query.has("kept") && !selection) {
    return {
      title: t("export.title"),
      content: [el("p", {}, t("plan.forgotten")), link(t("export.choose"), session.to("/export"), "button")]
    };
  }
  return selection && !query.has("choose") ? plan_page(selection, signal) : choose_page(selection, signal);
}
