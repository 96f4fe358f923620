/** Do the types that graphql-codegen generates hold? They compile under strict rules; graphql-ws alone runs everything. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

import {
  AssociateDocument,
  AttemptDocument,
  CertificationsDocument,
  PersonDocument,
  type AssociateMutation,
  type AttemptSubscription,
} from "./generated/documents.js";
import { input, report, websocket } from "./session.mjs";

const client = websocket();

async function* results<Result, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): AsyncGenerator<Result> {
  for await (const { data, errors } of client.iterate<Result>({ query: print(document), variables })) {
    if (errors || !data) throw new Error(JSON.stringify(errors));
    yield data;
  }
}

async function ask<Result, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  for await (const result of results(document, variables)) return result;
  throw new Error("the service gave no result");
}

type Started = Extract<AssociateMutation["associateLearningAccount"], { __typename: "AssociationStarted" }>;
type Status = AttemptSubscription["associationAttempt"]["status"];

const { viewer } = await ask(PersonDocument, {});
report({ name: viewer?.member?.name });

const { associateLearningAccount: started } = await ask(AssociateDocument, { input });
if (started?.__typename !== "AssociationStarted") throw new Error(started?.code);
const { authorizationUrl, attempt }: Started = started;

const statuses: Status[] = [];
let refused: string | undefined;
for await (const { associationAttempt } of results(AttemptDocument, { id: attempt.id })) {
  if (statuses.length === 0) report({ signInAt: authorizationUrl });
  statuses.push(associationAttempt.status);
  refused = associationAttempt.refusal?.code;
}
report({ statuses, refused });

const walked: string[] = [];
let pages = 0;
for (let after: string | null | undefined, more = true; more; pages += 1) {
  const { certifications } = await ask(CertificationsDocument, { after });
  walked.push(...(certifications?.edges ?? []).map(({ node }) => node.code));
  after = certifications?.pageInfo.endCursor;
  more = certifications?.pageInfo.hasNextPage ?? false;
}
report({ pages, walked });
