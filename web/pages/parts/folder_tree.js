// The folders of a snapshot as a tree of links.
import {el, name} from "../dom.js";
import {number, t} from "../language.js";

// INBOX first, the others by name.
function in_order(nodes) {
  const rank = (node) => (node.label === "INBOX" ? 0 : 1);
  return [...nodes.values()].sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label));
}

function build(folders) {
  const root = {children: new Map()};
  for (const folder of folders) {
    let node = root;
    for (const label of folder.folder.split("/")) {
      if (!node.children.has(label)) node.children.set(label, {label, children: new Map()});
      node = node.children.get(label);
    }
    node.folder = folder;
  }
  return root;
}

function branch(node, address, chosen) {
  return el("ul", {}, in_order(node.children).map((child) => {
    const {folder} = child;
    const has_mail = folder && folder.note !== "holds only folders";
    const content = has_mail
      ? el("a", {href: address(folder.folder), "aria-current": folder.folder === chosen && "true"},
          name(child.label),
          el("span", {class: "soft small number"}, number(folder.messages),
            el("span", {class: "hidden-text"}, " " + t("messages"))))
      : el("span", {class: "bare"}, name(child.label));
    return el("li", {}, content, child.children.size > 0 && branch(child, address, chosen));
  }));
}

// `address(folder)`: where a folder's link leads.
export function folder_tree(folders, chosen, address) {
  return el(
    "nav", {class: "card folders", "aria-label": t("folders")}, branch(build(folders), address, chosen));
}
