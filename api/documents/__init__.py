"""Parse, validate, measure and cache GraphQL documents."""
