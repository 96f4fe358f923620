/**
 * Does Relay get along with the service, and ask by nothing but the ids of trusted documents?
 *
 * Its compiler has put the documents of relay/profile.js into relay/__generated__, and their texts into
 * relay/persisted.json, which the service has registered.
 */

import relay from "relay-runtime";

import associateMutation from "./relay/__generated__/profileAssociateMutation.graphql.js";
import attemptSubscription from "./relay/__generated__/profileAttemptSubscription.graphql.js";
import creditsFragment from "./relay/__generated__/profileCredits_member.graphql.js";
import profileQuery from "./relay/__generated__/profileQuery.graphql.js";
import { authorization, input, report, url, websocket } from "./session.mjs";

const PAGE = 15;
const overWebsocket = websocket();
const environment = new relay.Environment({
  store: new relay.Store(new relay.RecordSource()),
  network: relay.Network.create(
    async ({ id }, variables) => {
      const answer = await fetch(url, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ documentId: `sha256:${id}`, variables }),
      });
      return answer.json();
    },
    ({ id }, variables) =>
      relay.Observable.create((sink) =>
        // It does not send an operation without a text.
        overWebsocket.subscribe({ query: "", documentId: `sha256:${id}`, variables }, sink),
      ),
  ),
});

async function ask(query, variables) {
  // What nobody retains may leave the store.
  environment.retain(relay.createOperationDescriptor(query, variables));
  return relay.fetchQuery(environment, query, variables, { fetchPolicy: "network-only" }).toPromise();
}

function associate() {
  return new Promise((resolve, reject) => {
    relay.commitMutation(environment, {
      mutation: associateMutation,
      variables: { input },
      onCompleted: ({ associateLearningAccount }) => resolve(associateLearningAccount),
      onError: reject,
    });
  });
}

const { viewer } = await ask(profileQuery, {});
report({ name: viewer.member.name });

const { authorizationUrl, attempt } = await associate();

const statuses = [];
await new Promise((onCompleted, onError) => {
  relay.requestSubscription(environment, {
    subscription: attemptSubscription,
    variables: { id: attempt.id },
    onNext: ({ associationAttempt }) => {
      if (statuses.length === 0) report({ signInAt: authorizationUrl });
      statuses.push(associationAttempt.status);
    },
    onCompleted,
    onError,
  });
});
report({ statuses });

const { code: refused } = await associate();
report({ refused });

const { viewer: again } = await ask(profileQuery, {});
const { refetchableRequest } = relay.getRefetchMetadata(creditsFragment, "profile");
const { paginationMetadata } = relay.getPaginationMetadata(creditsFragment, "profile");
const read = () => environment.lookup(relay.getSingularSelector(creditsFragment, again.member)).data;
let pages = 1;
for (let { id, credits } = read(); credits.pageInfo.hasNextPage; { credits } = read(), pages += 1) {
  const { endCursor } = credits.pageInfo;
  await ask(refetchableRequest, {
    ...relay.getPaginationVariables("forward", PAGE, endCursor, {}, {}, paginationMetadata),
    id,
  });
}
const { credits } = read();
report({ pages, walked: credits.edges.map(({ node }) => node.id), totalCount: credits.totalCount });
