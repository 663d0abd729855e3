// A link to a file that is saved and never opened. By a plain link the browser would show nothing of a
// refusal.
import * as api from "../api.js";
import {el} from "../dom.js";

import {act} from "./note.js";

const kKept = 60_000;  // milliseconds until the browser has surely begun to save it
const kType = "application/octet-stream";

function save({content, name}) {
  const address = URL.createObjectURL(content.slice(0, content.size, kType));
  el("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), kKept);
}

// `place`: where a problem is shown.
export function file_link(label, path, place, kind) {
  const link = el("a", {
    href: api.address(path),
    download: "",
    class: kind,
    onclick: (event) => {
      event.preventDefault();
      act(link, place, async () => save(await api.get_file(path)));
    }
  },
    label);
  return link;
}
