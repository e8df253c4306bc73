"""Runs the application with uvicorn: one process, one event loop, threads inside."""

from __future__ import annotations

import ipaddress
import logging
import socket
from asyncio import BaseTransport, TimerHandle
from collections.abc import Mapping
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.errors import ConfigError
from rag.terminal import hear_logs, say

from .app import Options, make_app
from .tokens import Tokens

if TYPE_CHECKING:
    from rag.rag import Rag

_KEEP_ALIVE = 30  # seconds
_SHUTDOWN = 10  # seconds that answers under way may still take
_BACKLOG = 256


def check_address(host: str, tokens: Tokens) -> None:
    """Raises ConfigError for an address that others reach, without a token."""
    if not is_loopback(host) and not tokens:
        raise ConfigError(
            f"{host} is no address of this machine alone: set RAG_TOKEN to a long random text, "
            "or name --tokens FILE"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(indexes: Mapping[str, Rag], options: Options, host: str, port: int) -> None:
    """Serves until it is interrupted. Raises ConfigError where the address cannot be had."""
    hear_logs(logging.INFO, time=True)
    listening = _bound(host, port)
    shown = f"[{host}]" if ":" in host else host
    say(f"http://{shown}:{listening.getsockname()[1]}")  # whoever started it reads it
    seconds = options.limits.header_seconds
    config = uvicorn.Config(
        make_app(indexes, options),
        http=type("Patient", (PatientProtocol,), {"header_seconds": seconds}),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        limit_concurrency=options.limits.connections,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_SHUTDOWN,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=False,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error.strerror}): choose another --port"
        ) from error
    return listening


class PatientProtocol(H11Protocol):
    """Closes connections over which no whole request head comes in time."""

    header_seconds = 10.0

    def connection_made(self, transport: BaseTransport) -> None:
        self._head: TimerHandle | None = None
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head():
            self._wait()
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head is not None:
            self._head.cancel()
        super().connection_lost(exc)

    def _in_head(self) -> bool:
        """Whether a request has begun to come in, and its head is not there yet."""
        import h11

        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _wait(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.header_seconds, self._too_late)

    def _too_late(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.transport.close()
