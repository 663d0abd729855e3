// The snapshots on an axis of time: a stem each, as high as it has messages, and marks where mail vanished.
import {el, replace, svg} from "../dom.js";
import {axis_day, exact, t} from "../language.js";

const kHeight = 128;
const kEdge = 16;
const kBase = 98;  // of the stems
const kTop = 18;
const kDay = 86_400_000;

const moment_of = (snapshot) => Date.parse(snapshot.time);

function legend() {
  const sample = (shape, text) =>
    el("span", {}, svg("svg", {viewBox: "0 0 16 16", class: "timeline", "aria-hidden": "true"}, shape), text);
  return el("p", {class: "legend"},
    sample(
      [
        svg("line", {class: "stem", x1: 8, x2: 8, y1: 6, y2: 16}),
        svg("circle", {class: "dot", cx: 8, cy: 5, r: 4})
      ],
      t("timeline.backup")),
    sample(
      [
        svg("line", {class: "stem", x1: 8, x2: 8, y1: 6, y2: 16}),
        svg("circle", {class: "dot partial", cx: 8, cy: 5, r: 4})
      ],
      t("timeline.partial")),
    sample(svg("path", {class: "lost", d: "M3 3L13 13M13 3L3 13", fill: "none"}), t("timeline.lost")));
}

// `snapshots`: oldest first. `lost`: a map from snapshots' ids to how many messages vanished before it.
// `choose(snapshot)` is called when the person takes another one.
export function timeline({snapshots, lost, chosen, choose}) {
  let at = Math.max(0, snapshots.findIndex((snapshot) => snapshot.snapshot === chosen));
  const drawing = svg("svg", {
    class: "timeline",
    role: "slider",
    tabindex: "0",
    "aria-label": t("timeline.label"),
    "aria-valuemin": 0,
    "aria-valuemax": snapshots.length - 1
  });
  const most = snapshots.reduce((known, snapshot) => Math.max(known, snapshot.messages), 1);
  const first = moment_of(snapshots[0]);
  const last = Math.max(moment_of(snapshots.at(-1)), first + 1);
  let width = 600;
  const x_of = (moment) =>
    snapshots.length < 2 ? width / 2 : kEdge + (moment - first) / (last - first) * (width - 2 * kEdge);
  const y_of = (snapshot) => kBase - (kBase - kTop) * (0.15 + 0.85 * snapshot.messages / most);

  function words(snapshot) {
    const gone = lost.get(snapshot.snapshot);
    const text = t("timeline.value", {n: snapshot.messages, time: exact(snapshot.time)});
    return gone ? `${text}, ${t("timeline.value_lost", {n: gone})}` : text;
  }

  function days() {
    const span = (last - first) / kDay;
    const most_marks = Math.max(1, Math.floor(width / 90));
    const step = Math.max(1, Math.ceil(span / most_marks));
    const marks = [];
    const start = new Date(first);
    start.setHours(0, 0, 0, 0);
    for (let moment = start.getTime(); moment <= last; moment += step * kDay) {
      const x = x_of(moment);
      if (x < kEdge || x > width - kEdge) continue;
      marks.push(svg("line", {class: "axis", x1: x, x2: x, y1: kTop, y2: kBase}),
        svg("text", {
          class: "mark",
          x,
          y: kBase + 20,
          "text-anchor": x > width - 40 ? "end"
            : x < 40                    ? "start"
                                        : "middle"
        },
          axis_day(moment)));
    }
    return marks;
  }

  function draw() {
    drawing.setAttribute("viewBox", `0 0 ${width} ${kHeight}`);
    const stems = snapshots.map((snapshot, index) => {
      const x = x_of(moment_of(snapshot));
      const y = y_of(snapshot);
      const kind = index === at ? " chosen" : "";
      const partial = snapshot.status === "complete" ? "" : " partial";
      return [
        svg("line", {class: `stem${kind}`, x1: x, x2: x, y1: kBase, y2: y}),
        svg("circle", {class: `dot${partial}${kind}`, cx: x, cy: y, r: index === at ? 7 : 4}),
        lost.has(snapshot.snapshot) &&
          svg("path", {class: "lost", d: `M${x - 4} ${kBase + 2}l8 8m0 -8l-8 8`, fill: "none"}),
        svg("title", {}, words(snapshot))
      ];
    });
    replace(drawing, svg("line", {class: "axis", x1: 0, x2: width, y1: kBase, y2: kBase}), days(),
      stems.map((shapes) => svg("g", {}, shapes)));
    drawing.setAttribute("aria-valuenow", at);
    drawing.setAttribute("aria-valuetext", words(snapshots[at]));
  }

  function take(index) {
    const now = Math.min(snapshots.length - 1, Math.max(0, index));
    if (now === at) return;
    at = now;
    draw();
    choose(snapshots[at]);
  }

  // The last one that is at least a day away.
  function day_away(direction) {
    const wanted = moment_of(snapshots[at]) + direction * kDay;
    const index = direction < 0 ? snapshots.findLastIndex((snapshot) => moment_of(snapshot) <= wanted)
                                : snapshots.findIndex((snapshot) => moment_of(snapshot) >= wanted);
    return index < 0 ? (direction < 0 ? 0 : snapshots.length - 1) : index;
  }

  drawing.addEventListener("keydown", (event) => {
    const sideways = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1}[event.key];
    const target = sideways
      ? (event.shiftKey ? day_away(sideways) : at + sideways)
      : {PageDown: day_away(-7), PageUp: day_away(7), Home: 0, End: snapshots.length - 1}[event.key];
    if (target === undefined) return;
    event.preventDefault();
    take(target);
  });
  drawing.addEventListener("click", (event) => {
    const x = event.clientX - drawing.getBoundingClientRect().left;
    const distances = snapshots.map((snapshot) => Math.abs(x_of(moment_of(snapshot)) - x));
    take(distances.reduce((nearest, one, index) => (one < distances[nearest] ? index : nearest), 0));
  });
  new ResizeObserver(() => {
    width = Math.max(200, drawing.clientWidth);
    draw();
  }).observe(drawing);
  draw();

  return {
    node: el("div", {}, drawing, legend()),
    // Another part of the page chose this one.
    show(id) {
      at = Math.max(0, snapshots.findIndex((snapshot) => snapshot.snapshot === id));
      draw();
    },
  };
}
