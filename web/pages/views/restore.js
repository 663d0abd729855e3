// The plan of a restore, and the button that starts it.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, facts, link, name, table} from "../dom.js";
import {duration, number, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {act, note} from "../parts/note.js";
import {address_of, selection_in} from "../parts/selection.js";
import {go} from "../router.js";
import * as session from "../session.js";

const kMaxFolders = 200;  // rows of the table

function caveats(document) {
  const {plan} = document;
  const lines = [
    plan.without_deleted > 0 && t("plan.without_deleted", {n: plan.without_deleted}),
    plan.without_keywords > 0 && t("plan.without_keywords", {n: plan.without_keywords}),
    plan.keywords_unsure > 0 && t("plan.keywords_unsure", {n: plan.keywords_unsure}),
    plan.without_date > 0 && t("plan.without_date", {n: plan.without_date}),
    ...document.folders.filter((folder) => folder.renamed)
      .map((folder) => rich("plan.renamed", {folder: folder.source, why: folder.renamed})),
    ...document.notes,
  ].filter(Boolean);
  return lines.length > 0 &&
    note("warn", el("h2", {}, t("plan.caveats")), el("ul", {}, lines.map((text) => el("li", {}, text))));
}

function folder_table(document) {
  const shown = document.folders.slice(0, kMaxFolders);
  const below = (target) => target.slice(document.tree.length + 1);
  return [
    table(t("plan.folders"),
      [
        {
          label: t("folder"),
          cell: (folder) => [name(folder.source),
            below(folder.target) !== folder.source && [" → ", name(below(folder.target))]]
        },
        {label: t("column.messages"), end: true, cell: (folder) => number(folder.messages)},
        {label: t("size"), end: true, cell: (folder) => size(folder.bytes)}
      ],
      shown),
    shown.length < document.folders.length &&
      el("p", {class: "soft"}, t("plan.more_folders", {n: document.folders.length - shown.length}))
  ];
}

function quota(storage) {
  if (!storage?.limit) return undefined;
  return t("plan.quota", {usage: size(storage.usage * 1024), limit: size(storage.limit * 1024)});
}

// Only what is gone, or everything that was chosen.
function missing_switch(selection) {
  if (selection.all || selection.messages) return null;
  const box = el("input", {
    type: "checkbox",
    checked: selection.missing === true,
    onchange: () => go(address_of({...selection, missing: box.checked || undefined}), {replaces: true})
  });
  return el("p", {}, el("label", {class: "check"}, box, t("plan.missing")));
}

function nothing(selection) {
  return {
    title: t("plan.title"),
    content: [
      note("", el("p", {}, t("plan.nothing"))), missing_switch(selection),
      el("div", {class: "actions"}, link(t("lost.see"), session.to("/lost"), "button"))
    ]
  };
}

export async function show({query, signal}) {
  const selection = selection_in(query);
  if (!selection)
    return {
      title: t("plan.title"),
      content: [el("p", {}, t("plan.forgotten")), link(t("lost.see"), session.to("/lost"), "button")]
    };
  const answer = await api.post(`${account.root()}/plans`, {selection}, {signal});
  const {document} = answer;
  const {messages, bytes, estimated_seconds: seconds, storage_kib: storage} = document.plan;
  if (messages === 0) return nothing(selection);
  const place = el("div", {});
  const bring = button(t("plan.send", {n: messages}), () => act(bring, place, async () => {
    // The plan's name is the key: pressed twice, in two tabs, or after a reload, it is one restore.
    const job = await api.post(`${account.root()}/restores`, {plan: answer.plan}, {key: answer.plan});
    account.forget();
    await go(session.to(`/jobs/${job.job}`));
  }), "main");
  return {
    title: t("plan.title"),
    lead: rich("plan.lead", {n: messages, time: time(document.snapshot_time)}),
    content: [
      el("div", {class: "card"}, folder_table(document)), caveats(document),
      el("div", {class: "card"},
        facts([t("plan.total"), `${t("count.messages", {n: messages})}, ${size(bytes)}`],
          [
            t("plan.where"),
            rich("plan.where_text", {tree: el("strong", {}, name(document.tree.split("/")[0]))})
          ],
          [t("plan.until"), rich("plan.until_text", {time: time(document.expires)})],
          [t("plan.takes"), t("plan.about", {time: duration(Math.max(1, seconds))})],
          [t("plan.quota_label"), [quota(storage), " ", t("plan.quota_proof")]]),
        missing_switch(selection)),
      el("p", {}, t("plan.safe")), place,
      el("div", {class: "actions"}, bring, button(t("cancel"), () => history.back())), command(answer.command)
    ],
  };
}
