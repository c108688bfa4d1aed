"""Strategy A: duplicity to OpenStack Swift (images/CONTRACT.md). Debian's own packages only."""

VERSION = "0.1.0"
CONTRACT = "1.0"
VERBS = ("version", "backup", "list", "audit", "prune", "selftest", "copy")
