/** Does Apollo Client get along with the service? It asks by a document's hash first, and with its text where it must. */

import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import { filter, firstValueFrom } from "rxjs";

import { ASSOCIATE, ATTEMPT, CERTIFICATIONS, PERSON } from "./documents.mjs";
import { authorization, input, report, url, websocket } from "./session.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const client = new ApolloClient({
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { certifications: relayStylePagination() } } },
  }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(websocket()),
    new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: url, headers: { authorization } })),
  ),
});

// Without them Apollo Client leaves out what fragments on interfaces select.
const { data: schema } = await client.query({ query: gql`{ __schema { types { name possibleTypes { name } } } }` });
const abstract = schema.__schema.types.filter(({ possibleTypes }) => possibleTypes);
client.cache.policies.addPossibleTypes(
  Object.fromEntries(abstract.map(({ name, possibleTypes }) => [name, possibleTypes.map((type) => type.name)])),
);

const { data: asked } = await client.query({ query: gql(PERSON) });
report({ name: asked.viewer.member.name });

const associate = { mutation: gql(ASSOCIATE), variables: { input } };
const { data: started } = await client.mutate(associate);
const { authorizationUrl, attempt } = started.associateLearningAccount;

const statuses = [];
const followed = client.subscribe({ query: gql(ATTEMPT), variables: { id: attempt.id } });
await followed.forEach(({ data }) => {
  if (statuses.length === 0) report({ signInAt: authorizationUrl });
  statuses.push(data.associationAttempt.status);
});
report({ statuses });

const { data: refused } = await client.mutate(associate);
report({ refused: refused.associateLearningAccount.code });

const list = client.watchQuery({ query: gql(CERTIFICATIONS) });
let { data: page } = await firstValueFrom(list.pipe(filter(({ dataState }) => dataState === "complete")));
let pages = 1;
while (page.certifications.pageInfo.hasNextPage) {
  const { endCursor } = page.certifications.pageInfo;
  ({ data: page } = await list.fetchMore({ variables: { after: endCursor } }));
  pages += 1;
}
// The cache has merged the pages into one list.
const { data: whole } = list.getCurrentResult();
report({ pages, walked: whole.certifications.edges.map(({ node }) => node.code) });
