"""The drill image: fetch, look, parse, receive, restore, prepare, seal, verify, verify-volume, copy-out, reap, alter (images/CONTRACT.md). Standard library only."""

VERSION = "0.1.0"
CONTRACT = "1.0"
VERBS = ("version", "fetch", "look", "parse", "receive", "restore", "prepare", "seal", "verify", "verify-volume", "copy-out", "reap", "alter")
