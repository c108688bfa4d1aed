"""The drill image: fetch, receive, verify, verify-volume, reap (images/CONTRACT.md). Standard library only."""

VERSION = "0.1.0"
CONTRACT = "1.0"
VERBS = ("version", "fetch", "receive", "verify", "verify-volume", "reap")
