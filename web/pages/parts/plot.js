// Values by day as a drawing, with the same values in a table beside it.
import {el, replace, svg, table} from "../dom.js";
import {axis_day, day, t} from "../language.js";

const kHeight = 160;
const kTop = 14;
const kBase = 126;  // of the values
const kEdge = 10;
const kDay = 86_400_000;
const kNarrowest = 200;  // pixels
const kMark = 90;        // pixels from one day on the axis to the next

// The next number of one digit, so that the axis ends with a value that can be read.
function round_up(value) {
  if (value <= 1) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return Math.ceil(value / step) * step;
}

// `rows`: oldest first, each with `day` as 2026-11-24. `value(row)`: what is drawn, which `shown` makes
// readable. `shape`: "line" for what lasts, "bars" for what is of a day. `mark(row)`: whether a cross is
// below the axis; `mark_label` says what that means. `columns`: of the table.
export function plot({title, rows, value, shown, shape, mark = () => false, mark_label, columns}) {
  const moments = rows.map((row) => Date.parse(row.day));
  const first = moments[0];
  const last = Math.max(moments.at(-1), first + kDay);
  const values = rows.map(value);
  const most = round_up(Math.max(...values));
  const words = t("plot.summary", {
    title,
    first: day(rows[0].day),
    last: day(rows.at(-1).day),
    now: shown(values.at(-1)),
    most: shown(Math.max(...values))
  });
  const drawing = svg("svg", {class: "plot", role: "img", "aria-label": words});

  function draw(width) {
    const x_of = (moment) => kEdge + (moment - first) / (last - first) * (width - 2 * kEdge);
    const y_of = (number) => kBase - (kBase - kTop) * number / most;
    const days = (last - first) / kDay + 1;
    const step = Math.max(1, Math.ceil(days / Math.max(1, Math.floor(width / kMark)))) * kDay;
    const ticks = [];
    for (let moment = first; moment <= last; moment += step) {
      const x = x_of(moment);
      const anchor = x > width - 40 ? "end" : x < 40 ? "start" : "middle";
      ticks.push(svg("line", {class: "axis", x1: x, x2: x, y1: kBase, y2: kBase + 4}),
        svg("text", {class: "mark", x, y: kHeight - 2, "text-anchor": anchor}, axis_day(moment)));
    }
    const bar = Math.max(1, Math.min(24, (width - 2 * kEdge) / days * 0.7));
    const points = rows.map((row, at) => `${x_of(moments[at])} ${y_of(values[at])}`);
    const curve = shape === "line" ? svg("path", {class: "curve", d: `M${points.join("L")}`})
                                   : rows.map((row, at) => values[at] > 0 && svg("rect", {
                                       class: "bar-of-day",
                                       x: x_of(moments[at]) - bar / 2,
                                       y: y_of(values[at]),
                                       width: bar,
                                       height: kBase - y_of(values[at])
                                     }));
    const crosses = rows.map((row, at) => mark(row) &&
        svg("path", {class: "cross", d: `M${x_of(moments[at]) - 3} ${kBase + 4}l6 6m0 -6l-6 6`}));
    drawing.setAttribute("viewBox", `0 0 ${width} ${kHeight}`);
    replace(drawing, svg("line", {class: "axis", x1: 0, x2: width, y1: kTop, y2: kTop}),
      svg("text", {class: "mark", x: 0, y: kTop - 3}, shown(most)),
      svg("line", {class: "axis", x1: 0, x2: width, y1: kBase, y2: kBase}), ticks, curve, crosses);
  }

  new ResizeObserver(() => draw(Math.max(kNarrowest, drawing.clientWidth))).observe(drawing);
  draw(600);
  return el("div", {class: "grid-2 plot-pair"},
    el("figure", {}, drawing,
      mark_label &&
        el("figcaption", {class: "legend"},
          el("span", {},
            svg("svg", {viewBox: "0 0 16 16", class: "plot sample", "aria-hidden": "true"},
              svg("path", {class: "cross", d: "M4 4l8 8m0 -8l-8 8"})),
            mark_label))),
    el("div", {class: "plot-table", tabindex: "0", role: "region", "aria-label": title},
      table(title, [{label: t("plot.day"), cell: (row) => day(row.day)}, ...columns], [...rows].reverse())));
}
