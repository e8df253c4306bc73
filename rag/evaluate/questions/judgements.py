"""The names that judgements use for documents, matched with what an index holds.

A judgement names a document by its source, its id, the last parts of its path (`guide.md` for
`docs/guide.md`), or what follows the `#` of its source. A short name that fits several documents fits none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rag.stores import Filter, NotOf, VectorStore, Where

from .cases import Case


@dataclass(frozen=True, slots=True)
class Judged:
    """`names` maps ids of stored documents to the names judged, `sources` names to the documents' sources.

    `missing` are names that no document has.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def name(self, document_id: str, source: str) -> str:
        """The judged name of a document, else its source."""
        return self.names.get(document_id, source)

    def hidden(self, case: Case) -> Filter | None:
        """The filter that hides what a case is to be asked without."""
        sources = [self.sources[name] for name in case.without if name in self.sources]
        return NotOf(Where("source", "in", tuple(sources))) if sources else None

    def document_ids(self, names: Iterable[str]) -> set[str]:
        """The ids of the documents that go by these names."""
        wanted = set(names)
        return {document_id for document_id, name in self.names.items() if name in wanted}


def match(cases: Iterable[Case], store: VectorStore) -> Judged:
    """Looks the judged names of all cases up in a store."""
    wanted = {name for case in cases for name in (*case.relevant, *case.left_out, *case.without)}
    if not wanted:
        return Judged()
    exact: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    sources: dict[str, str] = {}
    for info in store.documents():
        for name in {info.source, info.id} & wanted:
            exact[name] = info.id
            sources[info.id] = info.source
        for name in wanted.intersection(_short(info.source)):
            short.setdefault(name, set()).add(info.id)
            sources[info.id] = info.source
    ids_by_name = {name: next(iter(ids)) for name, ids in short.items() if len(ids) == 1} | exact
    return Judged(
        {identity: name for name, identity in ids_by_name.items()},
        {name: sources[identity] for name, identity in ids_by_name.items()},
        frozenset(wanted - set(ids_by_name)),
    )


def _short(source: str) -> Iterator[str]:
    """Every shorter name of a source: `a/b.md#3` → `b.md#3`, `3`."""
    path, mark, fragment = source.partition("#")
    rest = path
    while "/" in rest:
        rest = rest.partition("/")[2]
        yield rest + mark + fragment
    if fragment:
        yield fragment
