// For staff: one account's backups, and what may be done for its owner.
import * as account from "../account.js";
import * as api from "../api.js";
import {el, facts, link, name, say, table} from "../dom.js";
import {has_text, number, size, t, time} from "../language.js";
import {action_of, person_of, result_of, role_of, time_of} from "../parts/audit_line.js";
import {command} from "../parts/command.js";
import {act, cut_note, note} from "../parts/note.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

const kShown = 30;      // snapshots
const kMaxLines = 100;  // of the audit log

function health(snapshots) {
  const newest = snapshots.at(-1);
  if (!newest) return note("bad", el("p", {}, t("staff.no_backup")));
  return el("div", {class: "card"}, el("h2", {}, t("staff.health")),
    facts([t("staff.newest"), [time(newest.time), " ", state_of(newest)]],
      [t("column.messages"), number(newest.messages)], [t("folders"), number(newest.folders)],
      [t("size"), size(newest.bytes)], [t("staff.reaches"), time(snapshots[0].time)]));
}

function state_of(snapshot) {
  const is_complete = snapshot.status === "complete";
  return el("span", {class: `tag ${is_complete ? "good" : "warn"}`},
    has_text(`staff.status_${snapshot.status}`) ? t(`staff.status_${snapshot.status}`) : snapshot.status);
}

function backups(snapshots) {
  const newest_first = snapshots.slice(-kShown).reverse();
  return el("div", {class: "card"}, el("h2", {}, t("staff.snapshots")),
    table(t("staff.snapshots"),
      [
        {label: t("me.when"), cell: (one) => time(one.time)}, {label: t("staff.status"), cell: state_of},
        {label: t("column.messages"), end: true, cell: (one) => number(one.messages)},
        {label: t("size"), end: true, cell: (one) => size(one.bytes)},
        ...(newest_first.some((one) => one.pinned)
            ? [{label: t("staff.kept"), cell: (one) => (one.pinned ? t("staff.pinned") : "")}]
            : [])
      ],
      newest_first),
    command(snapshots.command));
}

// How staff come to look into the mail: by the owner's code, or by an officer.
function permission() {
  const place = el("div", {});
  const root = `${account.root()}/grants`;
  const form = (label, attributes, action, send) => {
    const input = el("input", {required: true, autocomplete: "off", ...attributes});
    const submit = el("button", {}, send);
    return el("form", {
      onsubmit: (event) => {
        event.preventDefault();
        act(submit, place, () => action(input.value.trim()));
      }
    },
      el("label", {class: "field"}, el("span", {}, label), input), submit);
  };
  const done = async (text) => {
    await session.load_grants();
    await show_page({keeps_focus: true});
    say(text);
  };
  return el("div", {class: "card"}, el("h2", {}, t("staff.permission")),
    session.can_read()
      ? note("", el("p", {}, t("staff.have_grant")))
      : el("p", {class: "soft"}, t(session.can_restore() ? "staff.no_grant" : "staff.needs_grant")),
    place,
    !session.can_read() &&
      el("div", {class: "grid-2"},
        form(t("staff.code"), {maxlength: 8, class: "code-field", spellcheck: "false"}, async (code) => {
          await api.post(`${root}/code`, {code: code.toUpperCase()});
          await done(t("staff.have_grant"));
        }, t("staff.use_code")), form(t("staff.reason"), {maxlength: 500}, async (reason) => {
          await api.post(root, {reason});
          await done(t("staff.asked"));
        }, t("staff.ask"))));
}

async function audit(signal) {
  const {lines} = await api.get(`${account.root()}/audit` + api.query({limit: kMaxLines}), {signal});
  return el("div", {class: "card"}, el("h2", {}, t("staff.audit")),
    table(t("staff.audit"),
      [
        {label: t("me.when"), cell: time_of}, {label: t("me.person"), cell: person_of},
        {label: t("staff.role"), cell: role_of},
        {label: t("me.what"), cell: (entry) => [action_of(entry), result_of(entry)]},
        {label: t("me.address"), cell: (entry) => entry.client ?? ""}
      ],
      lines));
}

export async function show({signal}) {
  const {role} = session.current();
  const snapshots = await account.snapshots(session.account(), signal);
  return {
    title: session.account(),
    heading: name(session.account()),
    content: [
      cut_note(snapshots),
      role === "helpdesk" &&
        el("div", {class: "actions"}, link(t("staff.restore_for"), session.to("/lost"), "button main")),
      el("div", {class: "grid-2 below"}, health(snapshots), role !== "operator" && permission()),
      backups(snapshots), role === "officer" && await audit(signal)
    ],
  };
}
