"""Running an exported model: its session, its tokenizer, and many inputs shared among threads.

One input at a time, always. Dynamic int8 takes its scales over the whole batch, so a result would depend on
its neighbours; alone it depends on the input only, and N threads that share one single-threaded session are
also faster than any batch of N threads.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import ModelError

T = TypeVar("T")
R = TypeVar("R")
_SURROGATES = re.compile("[\ud800-\udfff]")


def open_session(weights: Path, *, optimised: bool = False) -> Any:
    """A single-threaded ONNX Runtime session on the CPU; an `optimised` graph is loaded as it is.

    Raises ModelError where the file cannot be loaded.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_DISABLE_ALL if optimised else levels.ORT_ENABLE_ALL
    try:
        return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own
        raise ModelError(
            f"{weights} cannot be loaded: {error}. Install the package or export the model again."
        ) from error


def open_tokenizer(path: Path) -> Any:
    """A tokenizer that neither pads nor cuts, and takes "[SEP]" in a text for text. Raises ModelError."""
    try:
        written = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} cannot be loaded: {error}. Install the package or export it again."
        ) from error
    return tokenizer_from(written, str(path))


def tokenizer_from(written: str, name: str) -> Any:
    """The same of a tokenizer's JSON; `name` is what an error calls it."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(written)
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(
            f"{name} cannot be loaded: {error}. Install the package or export it again."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def encode(tokenizer: Any, text: str, *, special: bool = True) -> Any:
    """The text's tokens, with or without special ones; any string has some."""
    try:
        return tokenizer.encode(text, add_special_tokens=special)
    except (TypeError, UnicodeError):
        # Half of a surrogate pair is no character; a replacement of the same length keeps the offsets.
        return tokenizer.encode(_SURROGATES.sub("\ufffd", text), add_special_tokens=special)


def share(inputs: Sequence[T], run: Callable[[T], R], threads: int, size: Callable[[T], int]) -> list[R]:
    """`run` of every input, in order, by up to `threads` threads. The first error is raised."""
    count = min(threads, len(inputs))
    if count < 2:
        return [run(value) for value in inputs]
    # The longest go first, so that no thread is left with a long one when the others are done.
    waiting = deque(sorted(range(len(inputs)), key=lambda position: -size(inputs[position])))
    results: dict[int, R] = {}

    def work() -> None:
        while True:
            try:
                position = waiting.popleft()
            except IndexError:
                return
            results[position] = run(inputs[position])

    with ThreadPoolExecutor(count, thread_name_prefix="model") as pool:
        try:
            for done in [pool.submit(work) for _ in range(count)]:
                done.result()
        finally:
            waiting.clear()  # after an error or an interrupt the other threads stop at their next input
    return [results[position] for position in range(len(inputs))]
