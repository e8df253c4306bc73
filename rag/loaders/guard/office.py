"""What all Office Open XML formats share: core properties, and relations between parts."""

from __future__ import annotations

import posixpath

from rag.loaders.metadata import present, sensible_title

from .archive import Archive, resolve
from .limits import Limits
from .xml import attribute, parse_xml, texts

CORE = "docProps/core.xml"


def core_properties(archive: Archive, limits: Limits) -> tuple[str, dict[str, str]]:
    """The title, `` where it is none, and author, dates, language, subject, keywords as metadata."""
    if CORE not in archive:
        return "", {}
    named = texts(parse_xml(archive.read(CORE), CORE, limits))
    return sensible_title(named.get("title", "")), present(
        author=named.get("creator", ""),
        created=named.get("created", ""),
        modified=named.get("modified", ""),
        language=named.get("language", ""),
        subject=named.get("subject", ""),
        keywords=named.get("keywords", ""),
    )


def relations(archive: Archive, part: str, limits: Limits) -> dict[str, tuple[str, str]]:
    """Relation id → (last word of its type, member it points to); links out of the file are left out."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive:
        return {}
    return {
        attribute(each, "Id"): (
            attribute(each, "Type").rpartition("/")[2],
            resolve(part, attribute(each, "Target")),
        )
        for each in parse_xml(archive.read(path), path, limits)
        if attribute(each, "TargetMode") != "External"
    }
