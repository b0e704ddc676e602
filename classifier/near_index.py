"""An index of tickets by what they say, on disk: a cache that can always be built again.

Tantivy keeps it: additions and deletions become visible together when they are committed, also
what had been read so far (the mark), so that a crash in between loses neither. An open ticket is
found by one field, a closed one by another, so neither is searched through for the other.
"""

from __future__ import annotations

import json
import shutil
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tantivy

from classifier.errors import IndexUnusable
from classifier.near_words import Look
from dispatch.domain.ports import TicketText

LOOK = 1
"""Raised when what is written for a ticket changes: an index of another number is built anew."""

TERMS = 32
"""Pairs of characters that are asked for, the rarest first; more find no others, only later."""

_MARK_ID = -1
_HEAP = 64_000_000
_FOOTER = struct.Struct("<II")
_FOOTER_MAGIC = 1337
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Mark:
    """How far the tickets are in the index.

    `fact` is the last fact that was read, `ticket` the highest ticket; `complete` once all there
    were when it was begun are in it. `origin` names the database, "" while that is empty.
    """

    origin: str = ""
    fact: int = 0
    ticket: int = 0
    complete: bool = False
    look: int = LOOK


@dataclass(frozen=True)
class Candidate:
    """A ticket that shares words with what was asked."""

    ticket_id: int
    look: Look
    category: str | None
    at: datetime


class NearIndex:
    """The folder's index; one process may write, any number read.

    Raises:
        IndexUnusable: it is damaged, or made by another version; `wipe` and build again.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._schema = _schema()
        self._writer: tantivy.IndexWriter | None = None
        self._lock = threading.Lock()
        self._seen = 0
        require_intact(folder)
        try:
            self._index = tantivy.Index(self._schema, path=str(folder))
            self._index.config_reader("manual")
            self._searcher = self._index.searcher()
        except (ValueError, OSError) as problem:
            raise IndexUnusable from problem

    def mark(self) -> Mark:
        """How far it is; a mark of nothing when it is new."""
        query = tantivy.Query.term_query(self._schema, "id", _MARK_ID)
        for _, kept in self._hits(query, 1):
            if kept.get("look") != LOOK:
                raise IndexUnusable
            return Mark(**kept)
        return Mark()

    def put(self, rows: Iterable[TicketText], gone: Iterable[int], mark: Mark) -> None:
        """Write these tickets anew and forget those; visible at once, together with the mark."""
        try:
            if self._writer is None:
                self._writer = self._index.writer(_HEAP, 1)
            for ticket_id in gone:
                self._writer.delete_documents_by_term("id", ticket_id)
            for row in rows:
                self._writer.delete_documents_by_term("id", row.ticket_id)
                self._writer.add_document(document(row))
            self._writer.delete_documents_by_term("id", _MARK_ID)
            told = json.dumps(asdict(mark)).encode()
            self._writer.add_document(tantivy.Document(id=_MARK_ID, kept=told))
            self._writer.commit()
        except (ValueError, OSError) as problem:
            raise IndexUnusable from problem
        self.refresh()

    def close(self) -> None:
        """Let the writer finish; what is committed stays."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def refresh(self) -> None:
        """See what was committed since, by whichever process."""
        with self._lock:
            try:
                changed = (self._folder / "meta.json").stat().st_mtime_ns
                if changed != self._seen:
                    self._index.reload()
                    self._searcher = self._index.searcher()
                    self._seen = changed
            except (ValueError, OSError) as problem:
                raise IndexUnusable from problem

    def candidates(
        self, asked: Look, *, opened: bool, category: str | None = None, limit: int
    ) -> Iterator[Candidate]:
        """Tickets that share the most telling words, at most `limit`, best first."""
        field = "open" if opened else "closed"
        terms = sorted(asked.words)
        if len(terms) > TERMS:
            searcher = self._searcher
            terms.sort(key=lambda term: searcher.doc_freq(field, term))
        wanted = terms[:TERMS]
        if category is not None:
            wanted.append(_category_term(category))
        if not asked.words:
            return
        query = tantivy.Query.boolean_query(
            [
                (
                    tantivy.Occur.Should,
                    tantivy.Query.term_query(self._schema, field, term, "freq"),
                )
                for term in wanted
            ]
        )
        for ticket_id, kept in self._hits(query, limit):
            yield Candidate(
                ticket_id=ticket_id,
                look=Look.read(kept),
                category=kept["category"],
                at=datetime.fromtimestamp(kept["at"], UTC),
            )

    @property
    def tickets(self) -> int:
        """How many tickets are in it."""
        return max(0, self._searcher.num_docs - 1)

    def _hits(self, query: tantivy.Query, limit: int) -> list[tuple[int, dict[str, Any]]]:
        searcher = self._searcher
        try:
            hits = searcher.search(query, limit, count=False).hits
            found = [searcher.doc(address) for _, address in hits]
        except (ValueError, OSError) as problem:
            raise IndexUnusable from problem
        return [(one["id"][0], json.loads(one["kept"][0])) for one in found]


def wipe(folder: Path) -> None:
    """Forget an index; only its one writer may do so."""
    shutil.rmtree(folder, ignore_errors=True)


def require_intact(folder: Path) -> None:
    """Hold what is committed against the checksums in its footers: damage could stop the process.

    Raises:
        IndexUnusable: a file differs, or the list of them cannot be read.
    """
    listed = folder / "meta.json"
    if not listed.exists():
        return
    try:
        segments = json.loads(listed.read_bytes())["segments"]
        committed = {one["segment_id"].replace("-", "") for one in segments}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise IndexUnusable from problem
    for path in folder.iterdir():
        # What is being written just now has no footer yet, and is on no list either.
        if path.suffix == ".del" or path.name.partition(".")[0] not in committed:
            continue
        try:
            intact = _sum_holds(path)
        except FileNotFoundError:  # merged away by the writer meanwhile
            continue
        except (OSError, ValueError, KeyError, struct.error) as problem:
            raise IndexUnusable from problem
        if not intact:
            raise IndexUnusable


def _sum_holds(path: Path) -> bool:
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - _FOOTER.size))
        length, magic = _FOOTER.unpack(file.read(_FOOTER.size))
        body = size - _FOOTER.size - length
        if magic != _FOOTER_MAGIC or body < 0:
            return False
        file.seek(body)
        wanted = json.loads(file.read(length))["crc"]
        file.seek(0)
        found, left = 0, body
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            found, left = zlib.crc32(chunk, found), left - len(chunk)
        return bool(found == wanted)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=True, indexed=True)
    for field in ("open", "closed"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_bytes_field("kept", stored=True)
    return builder.build()


def document(row: TicketText) -> tantivy.Document:
    """What is written of a ticket."""
    look = Look.of(row.text, row.place, row.division)
    kept = {**look.kept(), "category": row.category, "at": int(row.at.timestamp())}
    terms = list(look.words)
    if row.category is not None:
        terms.append(_category_term(row.category))
    return tantivy.Document(
        id=row.ticket_id,
        kept=json.dumps(kept, ensure_ascii=False).encode(),
        **{"open" if row.open else "closed": " ".join(terms)},
    )


def _category_term(code: str) -> str:
    return f"category:{code.replace(' ', '_')}"
