"""E-mail: a message, or a mailbox of them; attachments that a loader takes become documents, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime

from rag.errors import LoadError
from rag.loaders.decode import decode
from rag.loaders.formats import suffix_of, takes
from rag.loaders.guard.hidden import counting, marked
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.html.loader import html_to_markdown
from rag.loaders.metadata import one_line, present
from rag.loaders.result import Loaded
from rag.types import Document

# What the parsers of headers and bodies let through for malformed ones.
_MALFORMED = (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError)
_POSTMARK = re.compile(rb"^From .*\r?\n", re.MULTILINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """A document a message, and one an attachment, as `mail.eml#name.pdf`.

    The text is the plain body, or else the HTML one as Markdown; the subject is the title; From, To, Cc,
    Date and Message-ID are metadata. Messages of a mailbox are `box.mbox#<message id, or number>`.
    """
    if suffix_of(source) != ".mbox":
        return _message(data, source, limits)
    documents: list[Document] = []
    problems: list[str] = []
    for number, raw in enumerate(_split(data), 1):
        try:
            loaded = _message(raw, f"{source}#{_message_id(raw) or number}", limits)
        except LoadError as error:
            problems.append(f"message {number}: {error}")
            continue
        documents += loaded.documents
        problems += loaded.problems
        limits.check("max_documents", len(documents), "documents")
    return Loaded(documents, problems)


def _split(data: bytes) -> Iterator[bytes]:
    """The messages of a mailbox. A postmark stands at its beginning or behind a blank line (RFC 4155)."""
    marks = [
        found
        for found in _POSTMARK.finditer(data)
        if found.start() == 0 or data.endswith((b"\n\n", b"\n\r\n"), 0, found.start())
    ]
    if not marks:
        raise LoadError("no mailbox: no line begins a message with 'From '; is it a single mail, an .eml?")
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = following.start() if following else len(data)
        yield _QUOTED_FROM.sub(rb"\1", data[mark.end() : end])


def _message_id(raw: bytes) -> str:
    found = re.search(
        rb"^message-id:\s*<?([^\s<>]{1,200})>?", raw.partition(b"\n\n")[0], re.IGNORECASE | re.MULTILINE
    )
    return found[1].decode("ascii", "replace") if found else ""


def _message(data: bytes, source: str, limits: Limits) -> Loaded:
    try:
        message = message_from_bytes(data, policy=policy.default)
        with counting() as counts:  # a mailbox holds many messages: each tells of its own
            headers = _headers(message)
            text, media_type = _body(message, limits)
    except _MALFORMED as error:
        raise LoadError(f"no readable mail: {one_line(str(error))[:200]}") from error
    if not headers and not message.is_multipart():
        raise LoadError("no mail: it has no headers such as From, Date or Subject")
    title = headers.pop("subject", "")
    attached = _attachments(message, source, limits)
    body = Document.make(text or title, source, title=title, metadata=headers, media_type=media_type)
    return Loaded([marked(body, counts), *attached.documents], attached.problems)


def _headers(message: EmailMessage) -> dict[str, str]:
    names = ("subject", "from", "to", "cc", "message-id")
    values = {name: str(message[name]) for name in names if message[name] is not None}
    found = present(**{name: visible(value) for name, value in values.items()})
    date = str(message["date"] or "")
    try:
        found |= present(date=parsedate_to_datetime(date).isoformat() if date else "")
    except ValueError:
        found |= present(date=date)
    return found


def _body(message: EmailMessage, limits: Limits) -> tuple[str, str]:
    """The text and its media type; blank where the message has none."""
    part = message.get_body(("plain", "html"))
    if part is None or part.get_content_maintype() != "text":
        return "", "text/plain"
    content = decode(_payload(part), part.get_content_charset() or "").text
    if part.get_content_type() == "text/html":
        return html_to_markdown(content, limits), "text/markdown"
    return visible(content).strip("\n"), "text/plain"


def _attachments(message: EmailMessage, source: str, limits: Limits) -> Loaded:
    """The documents of the attachments; each that cannot be read is a problem."""
    documents: list[Document] = []
    problems: list[str] = []
    for part in message.iter_attachments() if message.is_multipart() else ():
        attached_mail = part.get_content_type() == "message/rfc822"
        name = one_line(part.get_filename() or ("message.eml" if attached_mail else "")).rpartition("/")[2]
        # Pictures and signatures are no documents, and no one misses them.
        if not takes(name):
            continue
        try:
            loaded = _attachment(part, f"{source}#{name}", attached_mail, limits)
        except (LoadError, *_MALFORMED) as error:
            problems.append(f"attachment {name}: {one_line(str(error))}")
            continue
        documents += loaded.documents
        problems += [f"attachment {name}: {problem}" for problem in loaded.problems]
    return Loaded(documents, problems)


def _attachment(part: EmailMessage, source: str, attached_mail: bool, limits: Limits) -> Loaded:
    from rag.loaders import load_bytes

    if limits.max_nesting < 1:
        raise LoadError("nested too deeply: attachments of attached mails; raise Limits.max_nesting")
    inner = replace(limits, max_nesting=limits.max_nesting - 1)
    data = part.get_content().as_bytes() if attached_mail else _payload(part)
    return load_bytes(data, source, limits=inner, media_type="message/rfc822" if attached_mail else None)


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
