"""Several stores as one that is read: asked one after the other, their ranked lists merged by score.

Ids and sources begin with the name of the store they are from, `handbook:docs/a.md`, so that citations tell
where they are from and equal sources stay apart. The stores were built with the same embedder: their dense
scores are comparable as they are. Lexical scores are each store's own BM25. Nothing is written through it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, StoreError
from rag.types import Chunk, Document, DocumentInfo, Scored

from .contract import Capabilities, Problem, Upsert, VectorStore
from .where import AllOf, AnyOf, Filter, NotOf, Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEVER, _ALWAYS = AnyOf(()), AllOf(())


class Together:
    """Stores by name, the first one's capabilities and language for all. Closing it closes them."""

    def __init__(self, members: Mapping[str, VectorStore]) -> None:
        if not members:
            raise ConfigError("no stores to read together: name one or more")
        self._members = dict(members)
        self._first = next(iter(self._members.values()))

    @property
    def names(self) -> Sequence[str]:
        """What ids and sources begin with, in the order in which the stores were named."""
        return list(self._members)

    @property
    def caps(self) -> Capabilities:
        every = list(self._members.values())
        return replace(
            self._first.caps,
            filters=frozenset.intersection(*(store.caps.filters for store in every)),
            snapshots=all(store.caps.snapshots for store in every),
            bm25=all(store.caps.bm25 for store in every),
        )

    @property
    def language(self) -> str:
        return str(getattr(self._first, "language", "english"))

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        return self._merged(k, lambda store, within: store.dense(vector, k, within), where)

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        return self._merged(k, lambda store, within: store.lexical(text, k, within), where)

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        merged: dict[str, Chunk] = {}
        for name, store in self._members.items():
            for chunk in store.get(self._own(name, chunk_ids)):
                merged[f"{name}:{chunk.id}"] = _named(name, chunk)
        return [merged[each] for each in chunk_ids if each in merged]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        merged: dict[str, Document] = {}
        for name, store in self._members.items():
            for document in store.load(self._own(name, document_ids)):
                named = replace(document, id=f"{name}:{document.id}", source=f"{name}:{document.source}")
                merged[named.id] = named
        return [merged[each] for each in document_ids if each in merged]

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        merged = [
            info._replace(id=f"{name}:{info.id}", source=f"{name}:{info.source}")
            for name, store in self._members.items()
            for info in store.documents(self._within(name, where))
        ]
        return iter(sorted(merged, key=lambda info: info.source))

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        merged: list[tuple[Chunk, NDArray[np.float32]]] = []
        for name in sorted(self._members):
            prefix = f"{name}:"
            if len(merged) >= limit or (after > prefix and not after.startswith(prefix)):
                continue
            rest = self._members[name].scan(
                after.removeprefix(prefix) if after.startswith(prefix) else "",
                limit - len(merged),
                self._within(name, where),
            )
            merged += [(_named(name, chunk), vector) for chunk, vector in rest]
        return merged

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with ExitStack() as stack:
            for store in self._members.values():
                stack.enter_context(store.snapshot())
            yield

    def writing(self) -> AbstractContextManager[None]:
        raise self._refusal()

    def upsert(self, items: Sequence[Upsert]) -> None:
        raise self._refusal()

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        raise self._refusal()

    def sync(self) -> None:
        """Nothing was written."""

    def stats(self) -> Mapping[str, Any]:
        every = [store.stats() for store in self._members.values()]
        counts = {name: sum(each[name] for each in every) for name in ("documents", "chunks", "bytes")}
        return {**counts, "dim": every[0]["dim"]}

    def problems(self) -> Sequence[Problem]:
        return [
            Problem(f"{name}: {problem.what}", problem.mend)
            for name, store in self._members.items()
            for problem in store.problems()
        ]

    def close(self) -> None:
        for store in self._members.values():
            store.close()

    def _merged(
        self, k: int, search: Callable[[VectorStore, Filter | None], list[Scored]], where: Filter | None
    ) -> list[Scored]:
        lists = [
            [Scored(f"{name}:{hit.chunk_id}", hit.score) for hit in search(store, self._within(name, where))]
            for name, store in self._members.items()
        ]
        every = (hit for hits in lists for hit in hits)
        return heapq.nsmallest(k, every, key=lambda hit: (-hit.score, hit.chunk_id))

    def _own(self, name: str, ids: Sequence[str]) -> list[str]:
        return [each.removeprefix(f"{name}:") for each in ids if each.startswith(f"{name}:")]

    def _within(self, name: str, where: Filter | None) -> Filter | None:
        return None if where is None else self._translated(name, where)

    def _translated(self, name: str, where: Filter) -> Filter:
        """The filter as one store understands it: names that point to another store never hold in it."""
        match where:
            case NotOf(part):
                return NotOf(self._translated(name, part))
            case AllOf(parts):
                return AllOf(tuple(self._translated(name, part) for part in parts))
            case AnyOf(parts):
                return AnyOf(tuple(self._translated(name, part) for part in parts))
            case Where(field, op, value) if field in ("document_id", "source") and op != "exists":
                values = value if isinstance(value, tuple) else (value,)
                own = [plain for each in values if (plain := self._plain(name, field, each)) is not None]
                if op == "in":
                    return Where(field, op, tuple(own)) if own else _NEVER
                if own:
                    return Where(field, op, own[0])
                return _ALWAYS if op == "!=" else _NEVER
        return where

    def _plain(self, name: str, field: str, value: Any) -> Any:
        """A value without the store's name; None where it is another store's."""
        text = str(value)
        if text.startswith(f"{name}:"):
            return text.removeprefix(f"{name}:")
        other = any(text.startswith(f"{each}:") for each in self._members)
        return None if other or field == "document_id" else value

    def _refusal(self) -> StoreError:
        return StoreError(f"{', '.join(self._members)} are read together: write to one of them alone")


def _named(name: str, chunk: Chunk) -> Chunk:
    return replace(
        chunk,
        id=f"{name}:{chunk.id}",
        document_id=f"{name}:{chunk.document_id}",
        source=f"{name}:{chunk.source}",
    )
