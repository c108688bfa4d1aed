"""Imports every module, so that the image's build fails when one does not load."""

import importlib
import pkgutil

import haven_a

for _module in pkgutil.walk_packages(haven_a.__path__, "haven_a."):
    if _module.name != __name__:
        importlib.import_module(_module.name)
