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
from rag.loaders.formats import REFUSED, suffix_of, takes
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
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN = ("received", "mime-version", "content-type", "return-path", "sender", "reply-to")
_PGP = "-----BEGIN PGP MESSAGE-----"
_BLANK_BEFORE_COLON = re.compile(rb"(?<![!-9;-~])([!-9;-~]++)[ \t]++:")
_CALENDAR = ("text/calendar", "application/ics")
_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = (
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
    "application/pgp-encrypted", "application/pgp-keys",
)  # fmt: skip
_UNREAD = ("image", "audio", "video")
_EVENT = {
    "SUMMARY": "Event", "DTSTART": "Start", "DTEND": "End", "LOCATION": "Place", "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee", "DESCRIPTION": "Description", "RRULE": "Repeats", "STATUS": "Status",
    "DUE": "Due",
}  # fmt: skip
_ASIDE = frozenset({"VTIMEZONE", "VALARM"})
_PROPERTY = re.compile(r'([A-Za-z-]+)((?:;(?:"[^"]*"|[^":])*+)?):(.*)$')
_PARAMETER = re.compile(r';([A-Za-z-]+)=(?:"([^"]*)"|([^";:]*))')
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z)?)?")
_ENRICHED = re.compile(r"<<|<param>[^<]*</param>|</?[a-z][a-z0-9-]*>", re.IGNORECASE)
_UNESCAPE = re.compile(r"\\(.)")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """A document a message, and one an attachment, as `mail.eml#name.pdf`.

    The text begins with the lines From, To, Cc and Date; then comes every text that the message shows, in
    order; of alternatives the plain one, or the HTML as Markdown where the plain one says less. The subject
    is the title; From, To, Cc, Date and Message-ID are metadata. Messages of a mailbox are
    `box.mbox#<message id, or number>`.
    """
    if suffix_of(source) != ".mbox":
        return _message(data, source, limits)
    documents: list[Document] = []
    problems: list[str] = []
    for number, raw in enumerate(_split(data), 1):
        try:
            loaded = _message(raw, f"{source}#{_message_id(raw) or number}", limits, boxed=True)
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
        match
        for match in _POSTMARK.finditer(data)
        if match.start() == 0 or data.endswith((b"\n\n", b"\n\r\n"), 0, match.start())
    ]
    if not marks:
        raise LoadError("no mailbox: no line begins a message with 'From '; is it a single mail, an .eml?")
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = following.start() if following else len(data)
        yield _QUOTED_FROM.sub(rb"\1", data[mark.end() : end])


def _message_id(raw: bytes) -> str:
    match = re.search(
        rb"^message-id:\s*<?([^\s<>]{1,200})>?", raw.partition(b"\n\n")[0], re.IGNORECASE | re.MULTILINE
    )
    return match[1].decode("ascii", "replace") if match else ""


def _message(data: bytes, source: str, limits: Limits, *, boxed: bool = False) -> Loaded:
    cleaned, odd = _without_odd_lines(data)
    try:
        message = message_from_bytes(cleaned, policy=policy.default)
        with counting() as counts:  # a mailbox holds many messages: each tells of its own
            headers = _headers(message)
            content = Content(limits)
            content.read(message, top=True)
    except _MALFORMED as error:
        raise LoadError(f"no readable mail: {one_line(str(error))[:200]}") from error
    known = headers or message.is_multipart() or any(name in message for name in _KNOWN)
    if not known and not (boxed and message.keys()):
        raise LoadError("no mail: it has no headers such as From, Date or Subject")
    title = headers.pop("subject", "")
    attached = _attachments(content.attached, source, limits)
    text, media_type = content.text()
    text = "\n\n".join(part for part in (_shown_headers(message), text or title) if part)
    body = Document.make(text, source, title=title, metadata=headers, media_type=media_type)
    problems = [f"{odd} header line{'s' * (odd > 1)} without a name passed over"] if odd else []
    return Loaded(
        [marked(body, counts), *attached.documents], [*problems, *content.problems, *attached.problems]
    )


def _without_odd_lines(data: bytes) -> tuple[bytes, int]:
    """The message less lines among its headers that are none: the parser would take what follows for text."""
    end = _BLANK_LINE.search(data)
    if end is None:
        return data, 0
    lines = data[: end.start()].splitlines(keepends=True)
    named = [_HEADER.match(line) is not None for line in lines]
    if not any(named) or (all(named) and not any(map(_BLANK_BEFORE_COLON.match, lines))):
        return data, 0
    last = max(i for i, is_header in enumerate(named) if is_header)
    kept: list[bytes] = []
    odd = 0
    for i, line in enumerate(lines):
        folded = line[:1] in (b" ", b"\t") and bool(kept)
        if named[i] or folded or i > last:
            kept.append(_BLANK_BEFORE_COLON.sub(rb"\1:", line, count=1) if named[i] else line)
        else:
            odd += not line.startswith((b"From ", b">From "))
    return b"".join(kept) + data[end.start() :], odd


def _headers(message: EmailMessage) -> dict[str, str]:
    names = ("subject", "from", "to", "cc", "message-id")
    values = {name: str(message[name]) for name in names if message[name] is not None}
    fields = present(**{name: visible(value) for name, value in values.items()})
    date = str(message["date"] or "")
    try:
        fields |= present(date=parsedate_to_datetime(date).isoformat() if date else "")
    except ValueError:
        fields |= present(date=date)
    return fields


def _shown_headers(message: EmailMessage) -> str:
    """The lines that tell who sent the message to whom, and when."""
    values = {name: one_line(visible(str(message[name] or ""))) for name in ("From", "To", "Cc", "Date")}
    return "\n".join(f"{name}: {value}" for name, value in values.items() if value)


class Content:
    """What a message shows, part by part in their order: texts, what is attached, what could not be read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._texts: list[tuple[str, bool]] = []
        self.attached: list[EmailMessage] = []
        self.problems: list[str] = []

    def text(self) -> tuple[str, str]:
        """The text and its media type, Markdown where a part of it was HTML."""
        rich = any(html for _, html in self._texts)
        return "\n\n".join(text for text, _ in self._texts), "text/markdown" if rich else "text/plain"

    def read(self, part: EmailMessage, *, top: bool = False) -> None:
        """Adds a part and those within it."""
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or (kind in _SMIME and _is_enveloped(part)):
            self.problems.append("the text is encrypted and was not read; save the mail decrypted")
        elif kind in _SMIME and part.get_param("smime-type") == "signed-data":
            self.problems.append("the text is signed by S/MIME as a whole and was not read; save it unsigned")
        elif kind == "multipart/alternative":
            self._alternative(part)
        elif part.is_multipart() and not kind.startswith("message/"):
            for each in _parts(part):
                self.read(each)
        elif part.get_content_disposition() == "attachment" and not top:
            self.attached.append(part)
        elif kind == "text/calendar":
            self._add(calendar_text(_decoded(part)), html=False)
        elif kind in ("text/plain", "text/html", "text/enriched", "text/markdown", "text/x-markdown"):
            self._add(*self._shown(part))
        elif kind == "message/delivery-status":
            self._add(
                "\n".join(line for each in _parts(part) for line in str(each).splitlines() if line),
                html=False,
            )
        elif not top or kind.partition("/")[0] != "text":
            self.attached.append(part)
        else:
            self._add(visible(_decoded(part)).strip("\n"), html=False)

    def _alternative(self, part: EmailMessage) -> None:
        """The plain form, or the rich one where the plain one is blank or says less than half."""
        plain, rich, others = Content(self._limits), Content(self._limits), []
        for each in _parts(part):
            kind = each.get_content_type()
            if kind == "text/calendar":
                others.append(each)
            else:
                (plain if kind == "text/plain" else rich).read(each)
        words = len(plain.text()[0].split())
        chosen = rich if words * 2 < len(rich.text()[0].split()) or not words else plain
        self._texts += chosen._texts
        for form in (plain, rich):
            self.attached += form.attached
            self.problems += form.problems
        for each in others:
            self.read(each)

    def _shown(self, part: EmailMessage) -> tuple[str, bool]:
        text = _decoded(part)
        if part.get_content_type() == "text/html":
            return html_to_markdown(text, self._limits), True
        if part.get_content_type() == "text/enriched":
            text = enriched_text(text)
        return visible(text).strip("\n"), False

    def _add(self, text: str, html: bool) -> None:
        if _PGP in text:
            self.problems.append("a text is encrypted (PGP) and was not read; save the mail decrypted")
            text = text.partition(_PGP)[0].strip("\n")
        if text.strip():
            self._texts.append((text, html))


def _parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, EmailMessage)] if isinstance(payload, list) else []


def _is_enveloped(part: EmailMessage) -> bool:
    return str(part.get_param("smime-type", "enveloped-data")) == "enveloped-data"


def _decoded(part: EmailMessage) -> str:
    return decode(_payload(part), part.get_content_charset() or "").text


def enriched_text(text: str) -> str:
    """A text of the type `text/enriched` (RFC 1896) without its commands; lone line breaks are blanks."""
    bare = _ENRICHED.sub(lambda found: "<" if found[0] == "<<" else "", text.replace("\r\n", "\n"))
    return re.sub(r"\n+", lambda run: " " if len(run[0]) == 1 else run[0][1:], bare.strip("\n"))


def calendar_text(text: str) -> str:
    """An invitation as lines to read: `Event: Planning`, `Start: 2024-03-11 09:00 UTC`, `Place: Elbe`.

    Time zones and alarms have properties of the same names, which are none of the event's.
    """
    rows = []
    inside: list[str] = []
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        match = _PROPERTY.match(line)
        if match is None:
            continue
        name, parameters, value = match[1].upper(), match[2], match[3].strip()
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            inside = inside[:-1]
        elif name == "METHOD" and value.upper() == "CANCEL":
            rows.append("Status: cancelled")
        elif name in _EVENT and value and not _ASIDE.intersection(inside):
            rows.append(f"{_EVENT[name]}: {_calendar_value(name, parameters, value)}")
    return visible("\n".join(rows))


def _calendar_value(name: str, parameters: str, value: str) -> str:
    said = {key.upper(): quoted or plain for key, quoted, plain in _PARAMETER.findall(parameters)}
    if name in ("RRULE", "STATUS"):
        return value.lower().replace(";", ", ").replace("=", " ")
    value = _UNESCAPE.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], value)
    if moment := _MOMENT.fullmatch(value):
        year, month, day, hour, minute, utc = moment.groups()
        zone = " UTC" if utc else f" {said['TZID']}" if "TZID" in said else ""
        return f"{year}-{month}-{day}" + (f" {hour}:{minute}{zone}" if hour else "")
    address = value[7:] if value[:7].lower() == "mailto:" else value
    return f"{said['CN']} <{address}>" if said.get("CN", address) != address else address


def _attachments(parts: list[EmailMessage], source: str, limits: Limits) -> Loaded:
    """The documents of the attachments; each that cannot be read is a problem."""
    documents: list[Document] = []
    problems: list[str] = []
    for number, part in enumerate(parts, 1):
        kind = part.get_content_type()
        attached_mail = kind == "message/rfc822"
        name = one_line(part.get_filename() or ("message.eml" if attached_mail else "")).rpartition("/")[2]
        # Pictures and signatures are no documents, and no one misses them.
        if not takes(name) and (part.get_content_maintype() in _UNREAD or kind in _SIGNATURES):
            continue
        name = name or f"part {number}"
        try:
            loaded = _attachment(part, name, source, attached_mail, limits)
        except (LoadError, *_MALFORMED) as error:
            reason = one_line(str(error)).partition("; known: ")[0]  # the list of all loaders is no help here
            problems.append(f"attachment {name}: {reason}")
            continue
        documents += loaded.documents
        problems += [f"attachment {name}: {problem}" for problem in loaded.problems]
    return Loaded(documents, problems)


def _attachment(part: EmailMessage, name: str, source: str, attached_mail: bool, limits: Limits) -> Loaded:
    from rag.loaders import load_bytes

    if limits.max_nesting < 1:
        raise LoadError("nested too deeply: attachments of attached mails; raise Limits.max_nesting")
    inner = replace(limits, max_nesting=limits.max_nesting - 1)
    kind = part.get_content_type()
    if kind in _CALENDAR or (suffix_of(name) == ".ics" and not takes(name)):
        text = calendar_text(_decoded(part))
        return Loaded([Document.make(text, f"{source}#{name}", title=name)] if text else [], [])
    data = part.get_content().as_bytes() if attached_mail else _payload(part)
    by_name = takes(name) or suffix_of(name) in REFUSED or kind == "application/octet-stream"
    media_type = kind if attached_mail or not by_name else None
    return load_bytes(data, f"{source}#{name}", limits=inner, media_type=media_type)


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
