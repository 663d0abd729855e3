// Restores that run or were interrupted, from whatever browser they were started.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, link} from "../dom.js";
import {rich, t, time} from "../language.js";
import {go, here} from "../router.js";
import * as session from "../session.js";

import {act, note} from "./note.js";

// The button that completes an interrupted restore. Sent twice, it is still one restore.
export function continue_button(job, place) {
  const go_on = button(t("job.continue"), () => act(go_on, place, async () => {
    await api.post(account.root() + api.path`/jobs/${job.job}/continue`);
    account.forget();
    const address = session.to(`/jobs/${job.job}`);
    await go(address, {replaces: here() === address});
  }), "main");
  return go_on;
}

function one(job) {
  const place = el("div", {});
  const is_running = job.state === "running";
  return note(is_running ? "" : "warn",
    el("p", {}, rich(is_running ? "trees.job_running" : "trees.job_interrupted", {time: time(job.made)})),
    place,
    el("div", {class: "actions"}, job.can_continue && continue_button(job, place),
      link(t("trees.job_look"), session.to(`/jobs/${job.job}`), "button")));
}

// Notes about them, for a page.
export async function unfinished(signal) {
  if (!session.can_restore()) return [];
  const {jobs} = await api.get(`${account.root()}/jobs`, {signal});
  return jobs.filter((job) => job.state === "running" || job.state === "interrupted").map(one);
}
