// A list of many rows of equal height, of which only those in sight are elements.
import {el} from "../dom.js";

const kHeight = 56;            // pixels; .row in parts.css has the same
const kSpare = 8;              // rows above and below those in sight
const kMaxSpace = 12_000_000;  // pixels: browsers stop drawing beyond about 16 million

// `total`: the number of rows. `row(index)`: an element, or undefined for one that is not loaded yet;
// `need(first, last)` is called with what is in sight. `label`: the list's name.
export function rows({label, total, row, need = () => {}}) {
  const space = el("div", {class: "rows-space", role: "presentation"});
  const box = el("div", {class: "rows", role: "list", tabindex: "0", "aria-label": label}, space);
  const shown = new Map();
  let count = total;
  let is_due = false;

  const full = () => count * kHeight;
  const height = () => Math.min(full(), kMaxSpace);
  // Very long lists are squeezed: a place of the scroll bar stands for several rows.
  const first_in_sight = () => {
    const room = height() - box.clientHeight;
    if (room <= 0) return 0;
    const part = Math.min(1, box.scrollTop / room);
    return Math.floor(part * Math.max(0, count - box.clientHeight / kHeight));
  };

  function draw() {
    is_due = false;
    space.style.setProperty("height", `${height()}px`);
    const sight = Math.ceil((box.clientHeight || 600) / kHeight) + 1;
    const top = first_in_sight();
    const first = Math.max(0, top - kSpare);
    const last = Math.min(count, top + sight + kSpare);
    const is_squeezed = full() > kMaxSpace;
    const offset = is_squeezed ? box.scrollTop - top * kHeight : 0;
    for (const [index, node] of shown) {
      const is_stale = index < first || index >= last || node.dataset.empty !== undefined;
      if (!is_stale || node.contains(document.activeElement)) continue;
      node.remove();
      shown.delete(index);
    }
    for (let index = first; index < last; ++index) {
      let node = shown.get(index);
      if (!node) {
        node =
          row(index) ?? el("div", {class: "row bare", "data-empty": ""}, el("span", {class: "soft"}, "…"));
        node.setAttribute("role", "listitem");
        node.setAttribute("aria-posinset", index + 1);
        node.setAttribute("aria-setsize", count);
        shown.set(index, node);
        // In the order of the rows, for the tab key.
        const next = [...shown.keys()].filter((key) => key > index).sort((a, b) => a - b)[0];
        space.insertBefore(node, next === undefined ? null : shown.get(next));
      }
      node.style.setProperty("top", `${index * kHeight + offset}px`);
    }
    need(first, last);
  }

  function later() {
    if (is_due) return;
    is_due = true;
    requestAnimationFrame(draw);
  }

  box.addEventListener("scroll", later, {passive: true});
  new ResizeObserver(later).observe(box);
  box.addEventListener("keydown", (event) => {
    if (event.target !== box) return;
    const ends = {Home: 0, End: box.scrollHeight};
    if (!(event.key in ends)) return;
    event.preventDefault();
    box.scrollTop = ends[event.key];
  });
  // A list without rows is not shown: an empty box looks like a field.
  function fit() {
    box.hidden = count === 0;
    box.style.setProperty("height", `min(${count * kHeight + 2}px, max(20rem, 65vh))`);
  }
  fit();

  return {
    node: box,
    // Rows have arrived, or changed.
    refresh({total: now = count, forgets = false} = {}) {
      count = now;
      fit();
      if (forgets) {
        for (const node of shown.values()) node.remove();
        shown.clear();
      }
      later();
    },
    scroll_to_start() {
      box.scrollTop = 0;
    },
  };
}
