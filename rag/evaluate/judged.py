"""The names that judgements use for documents, matched with what an index holds.

A judgement names a document by its source, its id, the last parts of its path (`guide.md` for
`docs/guide.md`), or what follows the `#` of its source. A short name that fits several documents fits none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rag.stores import VectorStore

from .cases import Case


@dataclass(frozen=True, slots=True)
class Judged:
    """`names` maps ids of stored documents to the names judged; `missing` are names that no document has."""

    names: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def name(self, document_id: str, source: str) -> str:
        """The judged name of a document, else its source."""
        return self.names.get(document_id, source)

    def document_ids(self, names: Iterable[str]) -> set[str]:
        """The ids of the documents that go by these names."""
        wanted = set(names)
        return {document_id for document_id, name in self.names.items() if name in wanted}


def match(cases: Iterable[Case], store: VectorStore) -> Judged:
    """Looks the judged names of all cases up in a store."""
    wanted = {name for case in cases for name in (*case.relevant, *case.left_out)}
    if not wanted:
        return Judged()
    exact: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for info in store.documents():
        for name in {info.source, info.id} & wanted:
            exact[name] = info.id
        for name in wanted.intersection(_short(info.source)):
            short.setdefault(name, set()).add(info.id)
    found = {name: next(iter(ids)) for name, ids in short.items() if len(ids) == 1} | exact
    return Judged({identity: name for name, identity in found.items()}, frozenset(wanted - set(found)))


def _short(source: str) -> Iterator[str]:
    """Every shorter name of a source: `a/b.md#3` → `b.md#3`, `3`."""
    path, mark, fragment = source.partition("#")
    rest = path
    while "/" in rest:
        rest = rest.partition("/")[2]
        yield rest + mark + fragment
    if fragment:
        yield fragment
