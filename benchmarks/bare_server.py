"""The least that answers: FastAPI and uvicorn with one document in memory.

    python -m benchmarks.bare_server   (the document, one line of JSON, on standard input)

Prints its port. It imports SQLAlchemy and scikit-learn as well and opens an empty database, because
its memory is the limit of ours.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

import sklearn.svm
import sqlalchemy
import uvicorn
from fastapi import FastAPI


def main() -> None:
    """Serve until killed."""
    document: dict[str, Any] = json.loads(sys.stdin.readline())
    app = FastAPI()
    app.state.kept = (sqlalchemy.create_engine("sqlite://").connect(), sklearn.svm.LinearSVC())

    @app.get("/document")
    def read() -> dict[str, Any]:
        return document

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
