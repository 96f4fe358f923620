"""What can certlink be tried with, when no real issuer is at hand?

Two learning providers and two work identity issuers, played by one small HTTP application that imports nothing of ours.
"""
