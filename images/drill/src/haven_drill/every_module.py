"""Imported once, at the image's build, so that a module that does not even load cannot be shipped."""

from haven_drill import __main__, chain, compare, copy_out, fetch, fetch_tree, holes, look, parse, prepare, receive, reap, restore, seal, verify, verify_volume, version  # noqa: F401
