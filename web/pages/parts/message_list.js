// A list of messages that arrives in pages, and from which some can be chosen.
import {button, el, name, replace, say} from "../dom.js";
import {day, exact, size, t} from "../language.js";
import * as session from "../session.js";

import {rows} from "./rows.js";

const kMaxChosen = 2_000;
const kMaxTurned = 5_000;  // messages: longer lists are shown as they arrive, until the person turns them

function line(message, {address, chosen, toggle, mark}) {
  const label = message.subject || t("message.no_subject");
  const check = toggle && el("input", {
    type: "checkbox",
    checked: chosen,
    "aria-label": t("list.choose", {subject: label}),
    onchange: (event) => toggle(message, event.target)
  });
  const is_unread = message.flags && !message.flags.includes("\\Seen");
  const date = message.date ?? message.internal_date;
  return el("div", {class: `row${toggle ? "" : " bare"}${is_unread ? " unread" : ""}`}, check,
    el("a", {href: address(message)},
      el("span", {class: "subject"}, is_unread && el("span", {class: "hidden-text"}, t("list.unread") + " "),
        name(label)),
      el("span", {class: "from"}, name(message.from || t("message.no_sender")))),
    el("div", {class: "side"}, el("span", {title: exact(date)}, date ? day(date) : t("list.no_date")),
      el("span", {}, mark ? mark(message) : size(message.size))));
}

// `load(after)`: a page, {messages, next}. `total`: the number of messages, if it is known.
// `newest_first`: pages are in the order of arrival; a list that is not too long is turned round.
// `empty`: the text in place of a list without messages.
// `choose(messages)`: called with the chosen ones when that changes; without it nothing can be chosen.
export function message_list(
  {label, total, load, address, mark, choose, on_trouble, empty = "", newest_first = false}) {
  const messages = [];
  const chosen = new Map();  // by id
  let next;
  let is_complete = false;
  let wanted = 1;
  let running;
  let is_turning = newest_first && total <= kMaxTurned;
  let order;  // the indexes of `messages` as they are shown; undefined: as they arrive
  const status = el("p", {class: "soft small", role: "status"});

  const toggle = choose && ((message, box) => {
    if (box.checked && chosen.size >= kMaxChosen) {
      box.checked = false;
      say(t("list.too_many", {n: kMaxChosen}));
      return;
    }
    if (box.checked)
      chosen.set(message.message, message);
    else
      chosen.delete(message.message);
    choose([...chosen.values()]);
  });
  const list = rows({
    label,
    total: total ?? 0,
    row: (index) => {
      if (!order && is_turning) return undefined;
      const message = messages[order ? order[index] : index];
      return message && line(message, {address, mark, toggle, chosen: chosen.has(message.message)});
    },
    need: (first, last) => {
      wanted = Math.max(wanted, last);
      fetch_more();
    }
  });

  // Until what is in sight has arrived.
  async function fetch_more() {
    if (running || is_complete || wanted <= messages.length) return running;
    running = (async () => {
      while (!is_complete && wanted > messages.length) {
        const page = await load(next);
        messages.push(...page.messages);
        next = page.next;
        is_complete = !next;
        const shown = is_complete ? messages.length : Math.max(total ?? page.total ?? 0, messages.length);
        if (is_complete || wanted > messages.length) {
          replace(status, is_complete ? "" : t("list.loading", {n: messages.length}));
        }
        list.refresh({total: shown});
      }
      replace(status, messages.length === 0 ? empty : "");
    })();
    try {
      await running;
    } catch (error) {
      if (error.name !== "AbortError") on_trouble(error);
    } finally {
      running = undefined;
    }
  }

  async function turn_round() {
    if (order) {
      order = undefined;
    } else {
      wanted = Infinity;
      await fetch_more();
      is_turning = false;
      if (!is_complete) return;
      order = messages.map((_, index) => index).reverse();
    }
    turn.setAttribute("aria-pressed", String(order !== undefined));
    list.scroll_to_start();
    list.refresh({forgets: true});
  }
  const turn = button(t("list.newest_first"), turn_round, "quiet");
  turn.setAttribute("aria-pressed", "false");

  return {
    node: el("div", {}, list.node, status),
    turn,
    start: () => (newest_first && total <= kMaxTurned ? turn_round() : fetch_more()),
    get messages() {
      return messages;
    },
    choose_none() {
      chosen.clear();
      list.refresh({forgets: true});
      choose([]);
    },
  };
}

// The number of chosen messages, and the buttons that restore and download them. `go(page)`: to the page that
// does it.
export function chosen_bar(go) {
  const count = el("span", {role: "status"}, "");
  const download = button("", () => go("/export"));
  const bring = button("", () => go("/restore"), "main");
  const bar = el("div", {class: "bar", hidden: true}, count,
    el("div", {class: "actions"}, session.can_export() && download, session.can_restore() && bring));
  return {
    node: bar,
    update(messages) {
      bar.hidden = messages.length === 0;
      count.textContent = t("list.chosen", {n: messages.length});
      download.textContent = t("export.send_count", {n: messages.length});
      bring.textContent = t("plan.send", {n: messages.length});
    },
  };
}
