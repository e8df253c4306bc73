"""Embedding on a Ray cluster: Ray Data streams units through a pool of actors that hold the embedder.

    rag ingest docs/ --ray auto            the cluster this machine belongs to
    rag ingest docs/ --ray local           one for this ingest

A document whose texts are one unit is stored by the actor, where the store takes many writers; all else comes
back and is stored here. Ray repeats what a dead actor held, and storing again changes nothing. Every machine
of the cluster needs this package and its way to the store. Usage statistics stay off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, MissingExtra, RagError, StoreError
from rag.ingest.queue.payload import batch_to, texts_of, texts_to, upserts_of, vectors_of, vectors_to
from rag.stores import without_password

from .remote import described, opened
from .storing import Batch, Done, Pending

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.pipeline.parts import Parts

_WAVE = 256  # units that go through the pool at once: some 30,000 chunks, 40 MB of text
_TRIES = 5  # by default Ray repeats without end what kills its actors
_OBJECTS = 512 * 2**20  # bytes of shared memory for a cluster of our own; Ray's choice is 30 % of all
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # On a machine that is busy, a node's agent takes longer to start than Ray waits by default (30 s).
    "RAY_agent_register_timeout_ms": "240000",
    "RAY_raylet_start_wait_time_s": "240",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}


@contextmanager
def on_ray(rag: Parts) -> Iterator[OnRay]:
    """Hands embedding to the cluster at `ingest.ray`, in `ingest.workers` actors (0: one a core but one).

    Raises MissingExtra without Ray, ConfigError for an embedder that has no name, StoreError where the
    cluster cannot be reached.
    """
    if not rag.origin.embedder_is_named:
        raise ConfigError(
            f"an embedder made in Python ({rag.embedder.name}) cannot be opened on other machines: "
            "name one, with --embedder or index.embedder"
        )
    address = rag.settings.ingest.ray.reveal()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)  # read when Ray is imported, and by what it starts
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtra("ingest.ray", "ray") from error
    ours = not ray.is_initialized()
    if ours:
        _start(ray, address)
    try:
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield OnRay(rag, cores, rag.settings.ingest.workers or max(cores - 1, 1))
    finally:
        if ours:
            ray.shutdown()


def _start(ray: Any, address: str) -> None:
    own = {"object_store_memory": _OBJECTS, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, configure_logging=False, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        raise StoreError(
            f"the Ray cluster {without_password(address)} cannot be reached ({error}): expected `local`, "
            "`auto` on a machine of the cluster, or ray://HOST:10001"
        ) from error


class OnRay:
    """Collects batches into waves, and sends each wave through a pool of actors."""

    def __init__(self, rag: Parts, cores: int, actors: int) -> None:
        self._rag, self._actors = rag, actors
        # One core stays free: a pool that asks for all of them waits for ever for the tasks that feed it.
        self._share = min(1.0, max(cores - 1, cores * 0.4) / actors)
        self._by_actors = rag.origin.store_is_named and rag.store.caps.concurrent_writers
        self._wave: list[Batch] = []

    def put(self, items: Sequence[Pending], known: Mapping[str, NDArray[np.float32]]) -> Iterator[Done]:
        self._wave.append(Batch.of(items, known))
        if sum(len(batch.pieces) or 1 for batch in self._wave) >= _WAVE:
            yield from self.rest()

    def rest(self) -> Iterator[Done]:
        wave, self._wave = self._wave, []
        parts: list[dict[int, bytes]] = [{} for _ in wave]
        for batch in wave:
            if not batch.texts:
                yield from self._stored(batch, b"")
        for row in self._embedded(_rows(wave, self._by_actors)):
            batch, got = wave[row["batch"]], parts[row["batch"]]
            if row["error"]:
                raise StoreError(f"an actor could not do its work: {row['error']}")
            got[row["piece"]] = row["vectors"]
            if row["stored"]:
                yield Done(embedded=len(batch.texts))
                yield from (Done(stored=item) for item in batch.items)
            elif len(got) == len(batch.pieces):
                yield Done(embedded=len(batch.texts))
                yield from self._stored(batch, b"".join(got[piece] for piece in sorted(got)))

    def _stored(self, batch: Batch, vectors: bytes) -> Iterator[Done]:
        dim = self._rag.embedder.dim
        self._rag.store.upsert(batch.upserts(list(vectors_of(vectors, dim)), dim))
        yield from (Done(stored=item) for item in batch.items)

    def _embedded(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows as they come back, in any order."""
        if not rows:
            return
        import ray
        from ray.exceptions import RayError

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        try:
            # A block a unit: what an actor held when it died is one unit, not more.
            units = ray.data.from_items(rows, override_num_blocks=len(rows))
            yield from units.map(
                _Actor,
                fn_constructor_args=(described(self._rag),),
                compute=ray.data.ActorPoolStrategy(size=self._actors),
                num_cpus=self._share,
                max_restarts=_TRIES,
                max_task_retries=_TRIES,
            ).iter_rows()
        except RayError as error:
            raise StoreError(
                f"the Ray cluster gave up ({error}): what was stored stays; see whether memory suffices, and "
                "run the command again"
            ) from error


def _rows(wave: Sequence[Batch], by_actors: bool) -> list[dict[str, Any]]:
    """A row a unit. One that is all of its batch takes the documents along, to be stored by the actor."""
    rows = []
    for number, batch in enumerate(wave):
        whole = by_actors and len(batch.pieces) == 1
        for piece, texts in enumerate(batch.pieces):
            row = {"batch": number, "piece": piece, "texts": texts_to(texts)}
            row["documents"] = batch_to(batch) if whole else b""
            row["known"] = vectors_to(batch.known) if whole else b""
            rows.append(row)
    return rows


class _Actor:
    """The embedder, in memory for as long as the pool lives, and the store once it is needed."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._rag = opened(values)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Row in, row out: the vectors, or that the documents are stored, or an error in words."""
        result = {"batch": row["batch"], "piece": row["piece"], "vectors": b"", "stored": False, "error": ""}
        try:
            embedder = self._rag.embedder
            vectors = vectors_to(embedder.embed(texts_of(row["texts"]), "document"))
            if not row["documents"]:
                return {**result, "vectors": vectors}
            both = vectors_of(row["known"] + vectors, embedder.dim)
            self._rag.store.upsert(upserts_of(row["documents"], both))
        except RagError as error:
            return {**result, "error": f"{type(error).__name__}: {error}"}
        return {**result, "stored": True}
