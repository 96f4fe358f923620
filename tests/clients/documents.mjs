/**
 * What do the clients ask? Relay has documents of its own: see the folder relay.
 *
 * Pages are asked for by `edges`, which Apollo Client can merge; `nodes` it cannot.
 */

export const PERSON = /* GraphQL */ `
  query Person {
    viewer {
      member {
        name
      }
    }
  }
`;

export const CERTIFICATIONS = /* GraphQL */ `
  query Certifications($after: String) {
    certifications(first: 25, after: $after) {
      edges {
        node {
          code
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

export const ASSOCIATE = /* GraphQL */ `
  mutation Associate($input: AssociateLearningAccountInput!) {
    associateLearningAccount(input: $input) {
      __typename
      ... on AssociationStarted {
        authorizationUrl
        attempt {
          id
        }
      }
      ... on Refusal {
        code
      }
    }
  }
`;

export const ATTEMPT = /* GraphQL */ `
  subscription Attempt($id: ID!) {
    associationAttempt(id: $id) {
      id
      status
      refusal {
        code
      }
    }
  }
`;
