"""GraphQL over HTTP: what comes in, what goes out, and under which status."""
