// For staff who look after the backups: the daemon's jobs, as they run.
import * as api from "../api.js";
import {button, el, facts, link, name, replace, say} from "../dom.js";
import {duration, number, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {act, note, problem_note} from "../parts/note.js";
import * as session from "../session.js";

const kJobs = ["backup", "sweep", "prune", "check", "drill", "copy", "extend-locks"];
const kBetween = 2_000;    // milliseconds, while a job runs
const kIdle = 15_000;      // the same while none does
const kExpected = 10_000;  // how long a job that was started may take to be seen

const of_job = (list, job) => list?.find((one) => one.job === job) ?? {};

// The daemon writes 1970 for what never happened.
const moment_of = (text) => (text && Date.parse(text) > 0 ? time(text) : t("jobs.never"));

function outcome(record) {
  if (!record.started) return ["", t("jobs.not_run")];
  if (!record.ended) return ["warn", t("jobs.no_end")];
  if (record.exit_status === null) return ["bad", t("jobs.died")];
  if (record.exit_status === 0) return ["good", t("jobs.ended_well")];
  return record.exit_status === 3 ? ["warn", t("jobs.ended_partly")] : ["bad", t("jobs.ended_badly")];
}

function state_of(record, now) {
  const [kind, text] = now.running ? ["good", t("jobs.running")]
    : now.waits_for_store          ? ["warn", t("jobs.waits")]
                                   : outcome(record);
  return el("span", {class: `tag ${kind}`}, text);
}

// Fractions of what the servers have announced so far.
function progress_of(progress) {
  if (!progress) return el("progress", {"aria-label": t("job.progress")});
  const total = progress.bytes_to_come || progress.messages_to_come;
  const done = progress.bytes_to_come ? progress.bytes : progress.messages;
  const bar = el("progress", {max: 1, "aria-label": t("job.progress")});
  if (total > 0) bar.value = Math.min(1, done / total);
  return [
    bar,
    el("p", {class: "soft number"},
      t("jobs.accounts_done", {n: progress.accounts_done, total: number(progress.accounts)}), " · ",
      t("count.messages", {n: progress.messages}), `, ${size(progress.bytes)}`,
      progress.seconds_left ? ` · ${t("jobs.left", {time: duration(progress.seconds_left)})}` : "",
      progress.account && [" · ", name(progress.account)])
  ];
}

function facts_of(record, now) {
  return facts([t("jobs.last_start"), record.started && time(record.started)],
    [t("jobs.last_end"), record.ended && time(record.ended)],
    [
      t("jobs.last_success"),
      record.started && (record.last_success ? time(record.last_success) : t("jobs.never"))
    ],
    [t("jobs.next_start"), now.next_start && !now.running && moment_of(now.next_start)],
    [t("jobs.error"), record.error && el("span", {lang: "en"}, record.error)],
    [t("jobs.mail_error"), record.mail_error && el("span", {lang: "en"}, record.mail_error)]);
}

// A card stays the same element while its job runs: the focus may be in it. `line`: starts the job.
function job_card(job, start, line) {
  const state = el("p", {});
  const progress = el("div", {});
  const details = el("div", {});
  const trouble = el("div", {});
  const may_start = session.current().role === "operator";
  const run = button(t("jobs.run_now"), () => act(run, trouble, () => start(job)));
  run.append(el("span", {class: "hidden-text"}, `: ${t(`jobs.${job}`)}`));
  const node = el("li", {class: "card", "data-job": job}, el("h2", {}, t(`jobs.${job}`)),
    el("p", {class: "soft small"}, t(`jobs.about_${job}`)), state, progress, details, trouble,
    may_start && el("div", {class: "actions below"}, run), command(line));
  return {
    node,
    update(known) {
      const now = of_job(known.daemon?.jobs, job);
      const record = of_job(known.jobs, job);
      // Without copies or locks in the configuration there is nothing to do for these.
      node.hidden =
        ["copy", "extend-locks"].includes(job) && !record.started && !now.next_start && !now.running;
      replace(state, state_of(record, now));
      replace(progress, now.running && progress_of(now.progress));
      replace(details, facts_of(record, now));
      run.hidden = !known.daemon || Boolean(now.running);
    }
  };
}

function daemon_of(daemon) {
  if (!daemon) return note("warn", el("p", {}, t("jobs.no_daemon")));
  const loans = daemon.loans ?? [];
  return [
    el("p", {class: "soft"}, t("jobs.daemon_since"), " ", time(daemon.since)),
    loans.map((loan) => note("",
                el("p", {}, t(loan.lent ? "jobs.lent" : "jobs.wants_store"), " ",
                  el("code", {}, loan.command ?? ""), " (", moment_of(loan.since), ")")))
  ];
}

// The desk starts these, not the daemon.
function restores_of(restores) {
  if (restores.length === 0) return null;
  return el("div", {class: "card"}, el("h2", {}, t("jobs.restores")),
    el("ul", {},
      restores.map(
        (one) => el("li", {}, rich("jobs.restore", {
          account: link(name(one.account), `/accounts/${encodeURIComponent(one.account)}`),
          person: one.by.person,
          time: time(one.made)
        }),
          one.progress?.messages_total > 0 && [
            " · ",
            t("job.amount", {n: one.progress.messages ?? 0, total: number(one.progress.messages_total)})
          ]))));
}

export async function show({signal}) {
  const first = await api.get("/jobs", {signal});
  const place = el("div", {});
  const trouble = el("div", {});
  let timer;
  let expected_until = 0;  // a job was started that may not be seen yet
  let running = new Set();
  const start = async (job) => {
    const {started} = await api.post("/jobs", {job});
    say(t(started ? "jobs.started" : "jobs.not_started", {job: t(`jobs.${job}`)}));
    expected_until = Date.now() + kExpected;
    await look();
  };
  const cards = kJobs.map((job) => job_card(job, start, first.commands[job]));

  function draw(known) {
    // A link in it that has the focus must keep it.
    if (!place.contains(document.activeElement)) {
      replace(place, daemon_of(known.daemon), restores_of(known.restores ?? []));
    }
    for (const card of cards) card.update(known);
    const now = new Set((known.daemon?.jobs ?? []).filter((job) => job.running).map((job) => job.job));
    const ended = [...running].filter((job) => !now.has(job));
    if (ended.length > 0) {
      say(ended.map((job) => `${t(`jobs.${job}`)}: ${outcome(of_job(known.jobs, job))[1]}`).join(". "));
    }
    running = now;
  }

  async function look() {
    clearTimeout(timer);
    if (signal.aborted) return;
    try {
      if (!document.hidden) draw(await api.get("/jobs", {signal}));
      trouble.replaceChildren();
    } catch (error) {
      if (signal.aborted || error.code === "unauthenticated") return;
      replace(trouble, problem_note(error));
    }
    if (signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(look, running.size > 0 || Date.now() < expected_until ? kBetween : kIdle);
  }

  const seen = () => !document.hidden && look();
  document.addEventListener("visibilitychange", seen);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  });
  draw(first);
  timer = setTimeout(look, running.size > 0 ? kBetween : kIdle);
  return {
    title: t("nav.jobs"),
    lead: t("jobs.lead"),
    content: [
      place, trouble, el("ul", {class: "cards grid-2"}, cards.map((card) => card.node)),
      command(first.command, t("command.page"))
    ]
  };
}
