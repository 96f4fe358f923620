"""The pages: each is one GraphQL document and one template."""
