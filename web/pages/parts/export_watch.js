// Follows a download: the browser saves the file by itself, and says nothing about it to the page.
import * as api from "../api.js";

const kBetween = 1_000;  // milliseconds
const kPassing = ["offline", "desk", "busy", "throttled", "too_many_requests"];

const pause = () => new Promise((resolve) => setTimeout(resolve, kBetween));

// `show(state)` is called with each state until the download ends or `signal` aborts.
export async function watch_export(path, show, {signal, trouble}) {
  while (!signal.aborted) {
    try {
      const state = await api.get(path, {signal});
      show(state);
      if (state.state !== "ready" && state.state !== "sending") return;
    } catch (error) {
      if (signal.aborted) return;
      if (!kPassing.includes(error.code)) {
        trouble(error);
        return;
      }
    }
    await pause();
  }
}
