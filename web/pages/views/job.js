// A restore: its progress, and what came of it.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, link, name, path_name, replace, say, table} from "../dom.js";
import {number, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {watch} from "../parts/job_watch.js";
import {act, note, problem_note} from "../parts/note.js";
import {continue_button} from "../parts/unfinished.js";
import {show as show_page} from "../router.js";
import * as session from "../session.js";

const kMaxListed = 100;

// A list of messages that are not exactly as they were.
function differences(folder, field, key) {
  const list = folder[field] ?? [];
  if (list.length === 0) return null;
  return el("details", {class: "more"}, el("summary", {}, rich(key, {n: list.length, folder: folder.source})),
    el("ul", {}, list.slice(0, kMaxListed).map((one) => el("li", {}, `UID ${one.uid}: ${one.reason ?? [
      one.how
    ].flat().join(", ")}`))));
}

function result(job) {
  const {report} = job;
  const sum = (field) => report.folders.reduce((total, folder) => total + (folder[field] ?? 0), 0);
  const restored = sum("restored");
  const refused = report.folders.reduce((total, folder) => total + folder.skipped.length, 0);
  return [
    note(refused > 0 || job.exit_status !== 0 ? "warn" : "", el("h2", {}, t("done.back", {n: restored})),
      el("p", {}, rich("done.where", {n: restored, tree: el("strong", {}, path_name(report.tree))})),
      el("p", {}, rich("done.until", {n: restored, time: time(report.expires)})),
      report.quota?.exempt === true && el("p", {}, t("done.exempt", {n: restored}))),
    el("div", {class: "card"},
      table(t("plan.folders"),
        [
          {label: t("folder"), cell: (folder) => name(folder.source)},
          {label: t("done.planned"), end: true, cell: (folder) => number(folder.messages)},
          {label: t("done.restored"), end: true, cell: (folder) => number(folder.restored)},
          {label: t("done.altered"), end: true, cell: (folder) => number(folder.altered.length)},
          {label: t("done.refused"), end: true, cell: (folder) => number(folder.skipped.length)}
        ],
        report.folders),
      report.folders.map((folder) => [differences(folder, "altered", "done.altered_in"),
                           differences(folder, "skipped", "done.refused_in"),
                           differences(folder, "uncompared", "done.uncompared_in")])),
    el("div", {class: "actions"}, link(t("done.trees"), session.to("/trees"), "button main"),
      link(t("lost.see"), session.to("/lost"), "button"))
  ];
}

function failure(job) {
  const problem = new api.Problem({code: job.error ?? "internal"}, 0);
  return [
    problem_note(problem), el("div", {class: "actions"}, link(t("lost.see"), session.to("/lost"), "button"))
  ];
}

// The server has it all: any browser of the same person can go on.
function interrupted(job) {
  const place = el("div", {});
  return [
    note("warn", el("p", {}, t(job.can_continue ? "job.interrupted" : "job.interrupted_elsewhere"))), place,
    el("div", {class: "actions"}, job.can_continue && continue_button(job, place),
      link(t("done.trees"), session.to("/trees"), "button"))
  ];
}

function progress_of(job) {
  const progress = job.progress ?? {};
  const total = progress.bytes_total || progress.messages_total || 0;
  const done = progress.bytes_total ? progress.bytes : progress.messages ?? 0;
  return {total, part: total > 0 ? done / total : undefined, progress};
}

export async function show({values: [id], signal}) {
  const path = account.root() + api.path`/jobs/${id}`;
  const first = await api.get(path, {signal});
  const place = el("div", {});
  const content = el("div", {}, place);
  let tenth = 0;
  let state;
  let bar;
  let words;

  function running(job) {
    const {total, part, progress} = progress_of(job);
    if (!bar) {
      bar = el("progress", {max: 1, "aria-label": t("job.progress")});
      words = el("p", {class: "soft number"});
      const trouble = el("div", {});
      const stop = button(t("job.stop"), () => act(stop, trouble, () => api.remove(path)), "bad");
      replace(place, el("div", {class: "card"}, bar, words, trouble, el("div", {class: "actions"}, stop)),
        el("p", {class: "soft"}, t("job.leave")));
    }
    if (part === undefined)
      bar.removeAttribute("value");
    else
      bar.value = part;
    replace(words, total === 0 ? t("job.begins") : [
      t("job.amount", {n: progress.messages ?? 0, total: number(progress.messages_total ?? 0)}),
      progress.bytes_total ? `, ${size(progress.bytes)} / ${size(progress.bytes_total)}` : "",
      progress.folder ? [" · ", name(progress.folder)] : ""
    ]);
    const now = Math.floor((part ?? 0) * 10);
    if (now > tenth) say(t("job.percent", {n: now * 10}));
    tenth = now;
  }

  function draw(job) {
    if (job.state === "running") {
      running(job);
    } else {
      if (state === "running") say(job.state === "done" ? t("job.title_done") : t(`job.title_${job.state}`));
      account.forget();
      replace(place,
        job.state === "done"       ? result(job)
          : job.state === "failed" ? failure(job)
                                   : interrupted(job));
      const heading = document.querySelector("main h1");
      if (heading && state === "running") {
        heading.textContent = t(`job.title_${job.state}`);
        document.title = `${heading.textContent} – mailstow`;
      }
    }
    state = job.state;
  }
  draw(first);
  if (first.state === "running") {
    watch(path, draw, {signal, trouble: (error) => replace(place, problem_note(error, () => show_page()))});
  }
  return {title: t(`job.title_${first.state}`), content: [content, command(first.command)]};
}
