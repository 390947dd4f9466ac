"""Where the files of a crate lie in the folder of a result."""

from __future__ import annotations

from pathlib import Path

METADATA = "ro-crate-metadata.json"
MANIFEST = "manifest-sha256.txt"
FOLDER = "provenance"
RUN = f"{FOLDER}/run.json"
HTML, PDF = f"{FOLDER}/report.html", f"{FOLDER}/report.pdf"
METHODS, BIBTEX = f"{FOLDER}/methods.txt", f"{FOLDER}/references.bib"
MADE = (RUN, HTML, PDF, METHODS, BIBTEX)
"""What a crate adds beside its metadata and its manifest."""


def own_files(folder: Path) -> frozenset[str]:
    """Files that a crate made in a folder; none where there is no crate."""
    return frozenset((METADATA, MANIFEST, *MADE)) if (folder / METADATA).is_file() else frozenset()
