"""Where the contract puts things. A test gives others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    request: str = "/haven/request.json"
    secrets: str = "/run/secrets"
    # The tree that duplicity is given. Sources lie at source/ID below it, what attributes.py recorded at state/attributes/ID: a chain
    # remembers these paths, so they never change.
    root: str = "/haven"
    attributes_program: str = "/opt/haven/attributes.py"
    # GnuPG needs a home of its own even for a passphrase; nothing in it is worth keeping.
    scratch: str = "/tmp"
    #: Where `copy` puts what it copies.
    copy: str = "/haven/copy"

    @property
    def state(self) -> str:
        return f"{self.root}/state"

    def source(self, source_id: str) -> str:
        return f"{self.root}/source/{source_id}"

    def attributes(self, source_id: str) -> str:
        return f"{self.state}/attributes/{source_id}"

    def of_source(self, source_id: str) -> str:
        """What belongs to one source's chain: in-flight.json, receipts.jsonl, duplicity's archive."""
        return f"{self.state}/chains/{source_id}"

    @property
    def temporary(self) -> str:
        """duplicity's volumes on their way: /tmp has 64 MiB, too little for one."""
        return f"{self.state}/tmp"
