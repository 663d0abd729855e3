// For staff who look after the backups: alarms first, then the store and its history.
import * as api from "../api.js";
import {el, facts, link, name, replace, table} from "../dom.js";
import {ago, has_text, number, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {note, problem_note} from "../parts/note.js";
import {plot} from "../parts/plot.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kDays = [30, 90, 365];
const kShownOfKind = 5;  // alarms of accounts, before the others are unfolded

// The texts of commands are English.
const text_of = (text) => el("span", {lang: "en"}, text);

const kind_of = (kind) => (has_text(`status.kind_${kind}`) ? t(`status.kind_${kind}`) : kind);

function account_alarm({account, text}) {
  return el("li", {}, link(name(account), `/accounts/${encodeURIComponent(account)}`), ": ", text_of(text));
}

// One note for each kind: a server that is down raises an alarm for each of its accounts.
function account_alarms(accounts) {
  const kinds = new Map();
  for (const one of accounts) {
    for (const alarm of one.alarms) {
      if (!kinds.has(alarm.kind)) kinds.set(alarm.kind, []);
      kinds.get(alarm.kind).push({...alarm, account: one.account});
    }
  }
  return [...kinds].map(([kind, list]) => {
    const first = list.slice(0, kShownOfKind);
    const rest = list.slice(kShownOfKind);
    return note("bad", el("h2", {}, t("status.alarm", {kind: kind_of(kind), n: list.length})),
      el("ul", {}, first.map(account_alarm)),
      rest.length > 0 &&
        el("details", {class: "more"}, el("summary", {}, t("status.more_alarms", {n: rest.length})),
          el("ul", {}, rest.map(account_alarm))),
      command(first.map((one) => one.command ?? "").join("\n").trim(), t("status.to_do")));
  });
}

const has_failed = (job) => job.ended && job.exit_status !== 0;

function job_notes(jobs) {
  return jobs.filter(has_failed)
    .map((job) => note("warn", el("h2", {}, t(`jobs.${job.job}`)),
           el("p", {}, t(job.exit_status === 3 ? "jobs.ended_partly" : "jobs.ended_badly"), " (",
             time(job.ended), ")", job.error && [": ", text_of(job.error)]),
           link(t("nav.jobs"), "/jobs")));
}

function alarms(status) {
  const notes = [
    status.clock_doubted &&
      note("bad", el("h2", {}, kind_of("clock")), el("p", {}, text_of(status.clock_doubted))),
    account_alarms(status.accounts),
    status.trees?.alarm &&
      note("bad", el("h2", {}, kind_of("overdue_trees")), el("p", {}, text_of(status.trees.alarm)),
        link(t("nav.trees"), "/trees")),
    status.trees?.unreadable_records && note("warn", el("p", {}, t("status.unreadable_records"))),
    status.jobs && job_notes(status.jobs)
  ].flat().filter(Boolean);
  return notes.length > 0 ? notes : note("", el("p", {}, t("status.no_alarm")));
}

function store_card({store, accounts}) {
  const saved = store.message_bytes > 0 ? store.message_bytes / Math.max(1, store.pack_bytes) : 0;
  return el("div", {class: "card"}, el("h2", {}, t("status.store")),
    facts([t("status.packs"), t("status.packs_of", {size: size(store.pack_bytes), n: store.packs})],
      [t("status.index"), size(store.index_bytes)],
      [t("status.mail"), `${t("count.messages", {n: store.messages})}, ${size(store.message_bytes)}`],
      [t("status.saved"), saved > 0 && t("status.saved_by", {factor: number(Math.round(saved * 10) / 10)})],
      [t("nav.accounts"), number(accounts.length)]));
}

const age_of = (text) => [ago(text), " (", time(text), ")"];

function ages_card(jobs) {
  return el("div", {class: "card"}, el("h2", {}, t("status.last_success")),
    jobs.length === 0
      ? el("p", {}, t("jobs.none_yet"))
      : facts(...jobs.map(
          (job) => [t(`jobs.${job.job}`),
            job.last_success ? age_of(job.last_success) : el("span", {class: "tag warn"}, t("jobs.never"))])),
    el("p", {class: "after"}, link(t("status.see_jobs"), "/jobs")));
}

function plots(days) {
  const rows = [...days].reverse();
  const count = (label, field) => ({label, end: true, cell: (row) => number(row[field])});
  return [
    el("h3", {}, t("status.held")), plot({
      title: t("status.held"),
      rows,
      value: (row) => row.bytes,
      shown: size,
      shape: "line",
      columns: [
        count(t("column.messages"), "messages"),
        {label: t("size"), end: true, cell: (row) => size(row.bytes)}, count(t("nav.accounts"), "accounts")
      ]
    }),
    el("h3", {}, t("status.vanished")), plot({
      title: t("status.vanished"),
      rows,
      value: (row) => row.vanished,
      shown: number,
      shape: "bars",
      columns: [count(t("column.messages"), "vanished")]
    }),
    el("h3", {}, t("status.backups")), plot({
      title: t("status.backups"),
      rows,
      value: (row) => row.backups,
      shown: number,
      shape: "bars",
      mark: (row) => row.incomplete + row.failed > 0,
      mark_label: t("status.some_failed"),
      columns: [
        count(t("status.made"), "backups"), count(t("status.incomplete"), "incomplete"),
        count(t("status.failed"), "failed")
      ]
    })
  ];
}

function days_choice(days) {
  const select = el("select", {onchange: () => go("/status" + api.query({days: select.value}))},
    kDays.map((one) => el("option", {value: one, selected: one === days}, t("status.days", {n: one}))));
  return el("label", {class: "check"}, t("status.period"), select);
}

// It takes longer than the rest, and must not keep an alarm from being seen.
async function fill_history(place, days, signal) {
  try {
    const history = await api.get("/status/history" + api.query({days}), {signal});
    replace(place, history.days.length > 0 ? plots(history.days) : el("p", {}, t("staff.no_backups_yet")),
      command(history.command));
  } catch (error) {
    if (signal.aborted) return;
    replace(place, problem_note(error, () => fill_history(place, days, signal)));
  }
}

function history_card(days, signal) {
  const place = el("div", {}, el("p", {class: "soft"}, t("loading")));
  fill_history(place, days, signal);
  return el("div", {class: "card"},
    el("div", {class: "bar"}, el("h2", {}, t("status.history")), days_choice(days)),
    el("p", {class: "soft small"}, t("status.history_text")), place);
}

export async function show({query, signal}) {
  const status = await api.get("/status", {signal});
  const wanted = Number(query.get("days"));
  const days = kDays.includes(wanted) ? wanted : kDays[1];
  return {
    title: t("nav.status"),
    content: [
      alarms(status),
      status.store && el("div", {class: "grid-2"}, store_card(status), ages_card(status.jobs)),
      session.current().all_accounts && history_card(days, signal), command(status.command, t("command.page"))
    ]
  };
}
