// The pages of users and of staff, by their addresses.
export const kOwnerPages = [
  {pattern: /^\/login$/, load: () => import("./views/login.js")},
  {
    pattern: /^\/(?:lost)?$/,
    load: () => import("./views/lost.js"),
    section: "lost",
    address: "/",
    label: "nav.lost"
  },
  {
    pattern: /^\/time$/,
    load: () => import("./views/time.js"),
    for_staff: true,
    section: "time",
    address: "/time",
    label: "nav.time"
  },
  {pattern: /^\/changes$/, load: () => import("./views/changes.js"), for_staff: true, section: "time"},
  {
    pattern: /^\/search$/,
    load: () => import("./views/search.js"),
    for_staff: true,
    section: "search",
    address: "/search",
    label: "nav.search"
  },
  {pattern: /^\/message\/([0-9a-f]{64})$/, load: () => import("./views/message.js"), for_staff: true},
  {pattern: /^\/restore$/, load: () => import("./views/restore.js"), for_staff: true},
  {
    pattern: /^\/jobs\/([0-9a-f]{32})$/,
    load: () => import("./views/job.js"),
    for_staff: true,
    section: "trees"
  },
  {
    pattern: /^\/trees$/,
    load: () => import("./views/trees.js"),
    for_staff: true,
    section: "trees",
    address: "/trees",
    label: "nav.trees"
  },
  {
    pattern: /^\/export$/,
    load: () => import("./views/export.js"),
    for_staff: true,
    roles: ["owner", "officer"],
    section: "export",
    address: "/export",
    label: "nav.export"
  },
  {pattern: /^\/me$/, load: () => import("./views/me.js"), section: "me", address: "/me", label: "nav.me"},
];

const kLogin = kOwnerPages[0];

export const kStaffPages = [
  kLogin,
  {
    pattern: /^\/$/,
    load: () => import("./views/accounts.js"),
    section: "accounts",
    address: "/",
    label: "nav.accounts"
  },
  {
    pattern: /^\/grants$/,
    load: () => import("./views/grants.js"),
    section: "grants",
    address: "/grants",
    label: "nav.grants",
    roles: ["helpdesk", "officer"]
  },
];

// The pages of one account, for staff: below /accounts/NAME.
export const kAccountPages = [
  {
    pattern: /^\/$/,
    load: () => import("./views/account.js"),
    section: "account",
    address: "/",
    label: "nav.account"
  },
  {
    pattern: /^\/lost$/,
    load: () => import("./views/lost.js"),
    section: "lost",
    address: "/lost",
    label: "nav.lost",
    roles: ["helpdesk", "officer"]
  },
  ...kOwnerPages.filter((page) => page.for_staff).map((page) => ({roles: ["helpdesk", "officer"], ...page})),
];
