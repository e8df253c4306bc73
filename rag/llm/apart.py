"""Runs a function in a process of its own, so that a native library that dies ends with a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rag.errors import ModelError, RagError

T = TypeVar("T")

REBUILD = (
    'CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON" '
    "pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
)
"""Builds llama.cpp for any processor with AVX2 instead of the one it is built on."""


def apart(name: str, function: Callable[..., T], *args: Any, **options: Any) -> T:
    """What the function returns; all of it must be picklable.

    Raises ModelError where the function raises an error of the framework, or where the process dies.
    """
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        try:
            value, refused = processes.submit(_outcome, function, args, options).result()
        except BrokenProcessPool as error:
            raise ModelError(
                f"{name} ended the process that ran it: its library was built for another processor, or "
                f"memory is short. Build llama-cpp-python for any processor with AVX2: {REBUILD}"
            ) from error
    if refused:
        raise ModelError(refused)
    result: T = value
    return result


def _outcome(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, str]:
    """The value, or what the framework's error says; not every error can be sent to another process."""
    try:
        return function(*args, **options), ""
    except RagError as error:
        return None, str(error)
