"""The sandbox plays two learning providers and two work identity issuers.

It imports nothing of the product, so that it judges the product as a foreign issuer does.
"""
