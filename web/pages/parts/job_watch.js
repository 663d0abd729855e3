// Follows a restore: by events from the server, and by asking every two seconds when these break off.
import * as api from "../api.js";

const kMaxBreaks = 3;
const kBetween = 2_000;  // milliseconds

// `show(job)` is called with each state until the job ends or `signal` aborts.
export function watch(path, show, {signal, trouble}) {
  let breaks = 0;
  let timer;
  const stream = new EventSource(api.address(`${path}/events`));
  const stop = () => {
    stream.close();
    clearTimeout(timer);
  };
  signal.addEventListener("abort", stop);

  const take = (event) => {
    breaks = 0;
    const job = JSON.parse(event.data);
    show(job);
    if (job.state !== "running") stop();
  };
  stream.addEventListener("job", take);
  stream.addEventListener("end", take);
  stream.addEventListener("problem", () => {
    stop();
    poll();
  });
  stream.onerror = () => {
    if (signal.aborted) return;
    if (++breaks < kMaxBreaks && stream.readyState !== EventSource.CLOSED) return;
    stop();
    poll();
  };

  async function poll() {
    if (signal.aborted) return;
    try {
      const job = await api.get(path, {signal});
      show(job);
      if (job.state !== "running") return;
    } catch (error) {
      if (signal.aborted) return;
      if (!["offline", "desk", "busy", "throttled", "too_many_requests"].includes(error.code)) {
        trouble(error);
        return;
      }
    }
    timer = setTimeout(poll, kBetween);
  }
}
