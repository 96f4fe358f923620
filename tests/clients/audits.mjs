/** Which of graphql-http's audits does the service pass? */

import { auditServer } from "graphql-http";

import { authorization, report, url } from "./session.mjs";

const results = await auditServer({
  url,
  // The audits know no Authorization, and a GET needs one.
  fetchFn: (address, options = {}) =>
    fetch(address, { ...options, headers: { ...options.headers, authorization } }),
});
report({ audits: results.map(({ id, name, status, reason }) => ({ id, name, status, reason })) });
