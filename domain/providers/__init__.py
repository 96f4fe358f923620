"""Learning providers and OpenID Connect issuers."""
