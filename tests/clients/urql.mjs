/** Does urql get along with the service? It asks by GET wherever an address can hold the query. */

import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";

import { ASSOCIATE, ATTEMPT, CERTIFICATIONS, PERSON } from "./documents.mjs";
import { authorization, input, report, url, websocket } from "./session.mjs";

const overWebsocket = websocket();
const methods = new Set();
const client = new Client({
  url,
  preferGetMethod: "within-url-limit",
  fetchOptions: { headers: { authorization } },
  fetch: (address, options) => {
    methods.add(options.method);
    return fetch(address, options);
  },
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: overWebsocket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

async function ask(operation) {
  const { data, error } = await operation;
  if (error) throw error;
  return data;
}

const { viewer } = await ask(client.query(PERSON, {}));
report({ name: viewer.member.name });

const { associateLearningAccount: started } = await ask(client.mutation(ASSOCIATE, { input }));

const statuses = [];
await new Promise((resolve, reject) => {
  client.subscription(ATTEMPT, { id: started.attempt.id }).subscribe(({ data, error, hasNext }) => {
    if (error) return reject(error);
    if (statuses.length === 0) report({ signInAt: started.authorizationUrl });
    statuses.push(data.associationAttempt.status);
    if (!hasNext) resolve();
  });
});
report({ statuses });

const { associateLearningAccount: refused } = await ask(client.mutation(ASSOCIATE, { input }));
report({ refused: refused.code });

const walked = [];
let pages = 0;
for (let page = { hasNextPage: true, endCursor: null }; page.hasNextPage; pages += 1) {
  const { certifications } = await ask(client.query(CERTIFICATIONS, { after: page.endCursor }));
  walked.push(...certifications.edges.map(({ node }) => node.code));
  page = certifications.pageInfo;
}
report({ pages, walked, methods: [...methods].sort() });
