"""GraphQL over HTTP: translate a request, call the domain, translate the answer."""
