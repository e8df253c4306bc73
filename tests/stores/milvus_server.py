"""Runs a command beside a real Milvus: `python tests/stores/milvus_server.py COMMAND …`.

The Python is one with `milvus==2.3.5`, a server as a package; the command finds its address in
RAG_TEST_MILVUS_URL. The server listens on every interface: run this where there is only loopback, as
`make test-milvus` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile


def main(command: list[str]) -> int:
    from milvus import MilvusServer, MilvusServerConfig

    with tempfile.TemporaryDirectory(prefix="rag-milvus-", ignore_cleanup_errors=True) as folder:
        server = MilvusServer(MilvusServerConfig(), debug=False)
        server.set_base_dir(folder)
        server.start()
        try:
            url = f"milvus://127.0.0.1:{server.listen_port}"
            return subprocess.run(
                command, env={**os.environ, "RAG_TEST_MILVUS_URL": url}, check=False
            ).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
