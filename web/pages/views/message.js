// One message: its header, its text in a frame of its own, its attachments, and where it was.
import * as account from "../account.js";
import * as api from "../api.js";
import {button, el, facts, name, replace, table} from "../dom.js";
import {moment, rich, size, t, time} from "../language.js";
import {command} from "../parts/command.js";
import {file_link} from "../parts/file_link.js";
import {note, problem_note} from "../parts/note.js";
import {address_of} from "../parts/selection.js";
import * as session from "../session.js";

// Whatever the mail holds: no script, no origin, no form; and the document's own policy lets nothing load.
const kSandbox = "allow-popups allow-popups-to-escape-sandbox";

function frame(root, as, pictures) {
  return el("iframe", {
    class: "mail-frame",
    sandbox: kSandbox,
    referrerpolicy: "no-referrer",
    title: t("message.frame"),
    src: api.address(`${root}/view${api.query({as, pictures})}`)
  });
}

function body(root, parts) {
  const place = el("div", {});
  const kinds = [parts.has_html && "html", "text", "source"].filter(Boolean);
  const show = (as, pictures) => {
    kinds.forEach((kind, at) => tabs[at].setAttribute("aria-pressed", String(kind === as)));
    const may_load = session.is_owner() && as === "html" && !pictures;
    const shown = frame(root, as, pictures);
    // The pressed button is removed, so the frame gets the focus.
    const load = button(t("message.pictures"), () => show("html", "https").focus(), "quiet");
    replace(place, may_load && el("p", {class: "small soft"}, t("message.no_pictures"), " ", load), shown);
    return shown;
  };
  const tabs = kinds.map((kind) => button(t(`message.as_${kind}`), () => show(kind)));
  show(kinds[0]);
  return [
    parts.complete === false && note("warn", el("p", {}, t("message.incomplete"))),
    el("div", {class: "tabs", role: "group", "aria-label": t("message.show_as")}, tabs), place
  ];
}

function attachments(root, parts) {
  const files = parts.parts.filter((part) => part.attachment);
  if (files.length === 0) return null;
  const place = el("div", {});
  const link = (part) =>
    file_link(name(part.name || t("message.part", {n: part.part})), `${root}/parts/${part.part}`, place);
  return el("div", {class: "card"}, el("h2", {}, t("message.attachments")), place,
    el("ul", {},
      files.map((part) => el("li", {}, link(part), " ",
                  el("span", {class: "soft small"}, name(part.type), " ", size(part.size))))));
}

function state(document) {
  if (document.still_there === null) return note("", el("p", {}, t("message.unsure")));
  if (document.still_there) return null;
  return note("warn",
    el("p", {},
      document.gone_since ? rich("message.gone", {time: time(document.gone_since)}) : t("search.gone")));
}

function places(document) {
  return el("div", {class: "card"}, el("h2", {}, t("message.places")), table(t("message.places"), [
    {label: t("folder"), cell: (place) => el("a", {href: session.to(`/time${api.query({at: place.last_snapshot, folder: place.folder})}`)}, name(place.folder))},
    {label: t("message.from_to"), cell: (place) => rich("message.span", {first: time(place.first_seen), last: time(place.last_seen)})},
    {label: t("message.flags"), cell: (place) => place.flags.join(" ")}], document.places));
}

// The newest snapshot that has it.
function selection_of(document) {
  const place = [...document.places].sort((a, b) => a.last_seen.localeCompare(b.last_seen)).at(-1);
  return {at: place.last_snapshot, folders: [place.folder], messages: [document.message]};
}

async function content(root, document, signal) {
  const place = el("div", {class: "card"});
  const files = el("div", {});
  const load = async () => {
    replace(place, el("p", {class: "soft"}, t("loading")));
    try {
      const parts = await api.get(`${root}/parts`, {signal});
      replace(place, body(root, parts));
      replace(files, attachments(root, parts));
    } catch (error) {
      if (error.name !== "AbortError") replace(place, problem_note(error, load));
    }
  };
  await load();
  return [files, place];  // a long frame would hide that there are some
}

export async function show({values: [id], signal}) {
  const root = account.root() + api.path`/messages/${id}`;
  const document = await api.get(root, {signal});
  const place = el("div", {});
  const subject = document.subject || t("message.no_subject");
  const shown = document.readable === false ? note("bad", el("p", {}, t("problem.damaged")))
                                            : await content(root, document, signal);
  return {
    title: subject,
    heading: name(subject),
    content: [
      state(document),
      el("div", {class: "card"},
        facts([t("from"), name(document.from)], [t("to"), document.to && name(document.to)],
          [t("cc"), document.cc && name(document.cc)],
          [t("date"), document.date && time(document.date, moment(document.date))],
          [t("size"), size(document.size)]),
        el("div", {class: "actions below"},
          document.places.length > 0 && session.can_restore() &&
            el("a", {class: "button main", href: address_of(selection_of(document))}, t("bring_back")),
          file_link(t("message.download"), `${root}/raw`, place, "button")),
        place, command(document.command)),
      shown, places(document)
    ],
  };
}
