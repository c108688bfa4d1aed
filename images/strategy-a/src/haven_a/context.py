"""What every verb is given: settings, store, key, and the world around it. Made once, at the edge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from haven_a.events import Events
from haven_a.openpgp import Key
from haven_a.places import Places
from haven_a.secrets import Secrets, read_secrets
from haven_a.settings import Settings, read_settings
from haven_a.stopping import Stopping
from haven_a.store import Store, open_store


@dataclass(frozen=True)
class Context:
    settings: Settings
    secrets: Secrets
    store: Store
    key: Key
    events: Events
    stopping: Stopping
    places: Places
    now: Callable[[], float] = time.time

    @staticmethod
    def of(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> Context:
        """Throws bad-request naming each wrong setting or secret. Nothing is asked of the store yet."""
        settings = read_settings(request["settings"])
        secrets = read_secrets(places.secrets)
        store = open_store(settings.container, settings.auth, secrets.swift)
        key = Key(secrets.passphrase, f"{places.scratch}/gnupg")
        return Context(settings, secrets, store, key, events, stopping, places)
