/** What does Relay's compiler compile? Nothing here runs: the compiler puts what runs into __generated__. */

const { graphql } = require("relay-runtime");

graphql`
  query profileQuery {
    viewer {
      member {
        name
        ...profileCredits_member
      }
    }
  }
`;

graphql`
  fragment profileCredits_member on Member
  @refetchable(queryName: "profileCreditsQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 15 }, cursor: { type: "String" }) {
    credits(first: $count, after: $cursor) @connection(key: "profile_credits") {
      totalCount
      edges {
        node {
          id
          certification {
            code
          }
        }
      }
    }
  }
`;

graphql`
  mutation profileAssociateMutation($input: AssociateLearningAccountInput!) {
    associateLearningAccount(input: $input) {
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

graphql`
  subscription profileAttemptSubscription($id: ID!) {
    associationAttempt(id: $id) {
      status
    }
  }
`;
