"""E-mail: bodies, headers, attachments, mailboxes."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load_bytes
from tests.loaders.samples import docx, paragraph


def mail(subject: str = "Größe", text: str = "Plain body.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "bob@example.org"
    message["Subject"] = subject
    message["Date"] = "Fri, 01 Mar 2024 10:00:00 +0100"
    message["Message-ID"] = f"<{len(subject)}.{len(text)}@example.org>"
    message.set_content(text)
    return message


def test_headers_and_the_plain_body() -> None:
    message = mail()
    message.add_alternative("<p>Rich <b>body</b>", subtype="html")
    document = load_bytes(message.as_bytes(), "m.eml").documents[0]
    assert (document.title, document.text, document.media_type) == ("Größe", "Plain body.", "text/plain")
    assert document.metadata == {
        "from": "Ada <ada@example.org>",
        "to": "bob@example.org",
        "message-id": "<5.12@example.org>",
        "date": "2024-03-01T10:00:00+01:00",
    }


def test_html_body_where_there_is_no_other() -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("<h1>Hi</h1><p hidden>no", subtype="html")
    document = load_bytes(message.as_bytes(), "m.eml").documents[0]
    assert (document.text, document.media_type) == ("# Hi", "text/markdown")


def test_attachments_become_documents_and_the_broken_ones_problems() -> None:
    message = mail()
    message.add_attachment(docx(paragraph("Attached.")), "application", "octet-stream", filename="a.docx")
    message.add_attachment(b"\x89PNG", "image", "png", filename="a.png")
    message.add_attachment(b"no pdf", "application", "pdf", filename="../../b.pdf")
    inner = mail("inner", "Inner body.\n")
    message.add_attachment(inner)
    loaded = load_bytes(message.as_bytes(), "m.eml")
    assert [(document.source, document.text) for document in loaded.documents] == [
        ("m.eml", "Plain body."),
        ("m.eml#a.docx", "Attached."),
        ("m.eml#message.eml", "Inner body."),
    ]
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("attachment b.pdf: not a .pdf file")


def test_attached_mails_go_only_so_deep() -> None:
    message = mail("0", "body 0")
    for level in range(1, 4):
        outer = mail(str(level), f"body {level}")
        outer.add_attachment(message)
        message = outer
    loaded = load_bytes(message.as_bytes(), "m.eml", limits=Limits(max_nesting=2))
    assert [document.text for document in loaded.documents] == ["body 3", "body 2", "body 1"]
    assert "nested too deeply" in loaded.problems[0]


def test_mailbox() -> None:
    first, second = mail("one", "First.\n\n>From me to you.\n"), mail("second", "Second.\n")
    del second["Message-ID"]
    box = b"".join(
        b"From ada@example.org Fri Mar  1 10:00:00 2024\n" + message.as_bytes() + b"\n"
        for message in (first, second)
    )
    loaded = load_bytes(box, "box.mbox")
    assert [(document.source, document.title, document.text) for document in loaded.documents] == [
        (f"box.mbox#{first['Message-ID'].strip('<>')}", "one", "First.\n\nFrom me to you."),
        ("box.mbox#2", "second", "Second."),
    ]


def test_what_is_no_mail() -> None:
    with pytest.raises(LoadError, match="no mail"):
        load_bytes(b"just some words\n", "m.eml")
    with pytest.raises(LoadError, match="no mailbox"):
        load_bytes(b"just some words\n", "m.mbox")
