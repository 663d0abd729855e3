// The pages of users and of staff, by their addresses.
export const kOwnerPages = [
  {pattern: /^\/login$/, load: () => import("./views/login.js"), for_all: true},
  {pattern: /^\/(?:lost)?$/, load: () => import("./views/lost.js"), section: "lost", address: "/", label: "nav.lost"},
  {pattern: /^\/time$/, load: () => import("./views/time.js"), section: "time", address: "/time", label: "nav.time"},
  {pattern: /^\/changes$/, load: () => import("./views/changes.js"), section: "time"},
  {pattern: /^\/search$/, load: () => import("./views/search.js"), section: "search", address: "/search",
    label: "nav.search"},
  {pattern: /^\/message\/([0-9a-f]{64})$/, load: () => import("./views/message.js")},
  {pattern: /^\/restore$/, load: () => import("./views/restore.js")},
  {pattern: /^\/jobs\/([0-9a-f]{32})$/, load: () => import("./views/job.js"), section: "trees"},
  {pattern: /^\/trees$/, load: () => import("./views/trees.js"), section: "trees", address: "/trees",
    label: "nav.trees"},
  {pattern: /^\/me$/, load: () => import("./views/me.js"), section: "me", address: "/me", label: "nav.me"},
];

export const kStaffPages = [];
