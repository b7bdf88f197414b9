"""Runs the entry point of a wheel as a Databricks Python wheel task does: package, entry point, then its arguments."""

import importlib
import importlib.metadata
import sys


def entry_of(package: str, name: str):
    """Of the package's metadata, of whatever group; else a function of the package's own."""
    try:
        for entry in importlib.metadata.distribution(package).entry_points:
            if entry.name == name:
                return entry.load()
    except importlib.metadata.PackageNotFoundError:
        pass
    module = importlib.import_module(package.replace("-", "_"))
    entry = getattr(module, name, None)
    if entry is None:
        raise SystemExit(f'The package "{package}" has no entry point "{name}".')
    return entry


if __name__ == "__main__":
    _, package, entry_point, *arguments = sys.argv
    sys.argv = [package, *arguments]
    entry_of(package, entry_point)()
