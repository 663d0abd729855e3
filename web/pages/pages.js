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
    pattern: /^\/status$/,
    load: () => import("./views/status.js"),
    section: "status",
    address: "/status",
    label: "nav.status",
    roles: ["operator", "officer"]
  },
  {
    pattern: /^\/jobs$/,
    load: () => import("./views/jobs.js"),
    section: "jobs",
    address: "/jobs",
    label: "nav.jobs",
    roles: ["operator", "officer"],
    of_all_accounts: true
  },
  {
    pattern: /^\/trees$/,
    load: () => import("./views/all_trees.js"),
    section: "trees",
    address: "/trees",
    label: "nav.trees"
  },
  {
    pattern: /^\/grants$/,
    load: () => import("./views/grants.js"),
    section: "grants",
    address: "/grants",
    label: "nav.grants",
    roles: ["helpdesk", "officer"]
  },
  {
    pattern: /^\/audit$/,
    load: () => import("./views/audit.js"),
    section: "audit",
    address: "/audit",
    label: "nav.audit",
    roles: ["helpdesk", "officer"]
  },
];

// Whether the page is in the navigation. The server decides who may see it.
export const is_for = (page, holder) => page.label && (!page.roles || page.roles.includes(holder.role)) &&
  (!page.of_all_accounts || holder.all_accounts);

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
