"""E-mail: bodies, headers, attachments, mailboxes."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load_bytes
from tests.loaders.samples import docx, paragraph

HEADER = "From: Ada <ada@example.org>\nTo: bob@example.org\nDate: Fri, 01 Mar 2024 10:00:00 +0100\n\n"


def body(text: str) -> str:
    """A document's text without the lines of the header that it begins with."""
    header, _, rest = text.partition("\n\n")
    assert all(line.split(": ")[0] in ("From", "To", "Cc", "Date") for line in header.split("\n"))
    return rest


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
    assert (document.title, document.text, document.media_type) == (
        "Größe",
        f"{HEADER}Plain body.",
        "text/plain",
    )
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
        ("m.eml", f"{HEADER}Plain body."),
        ("m.eml#a.docx", "Attached."),
        ("m.eml#message.eml", f"{HEADER}Inner body."),
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
    assert [body(document.text) for document in loaded.documents] == ["body 3", "body 2", "body 1"]
    assert "nested too deeply" in loaded.problems[0]


def test_mailbox() -> None:
    first, second = mail("one", "First.\n\n>From me to you.\n"), mail("second", "Second.\n")
    del second["Message-ID"]
    box = b"".join(
        b"From ada@example.org Fri Mar  1 10:00:00 2024\n" + message.as_bytes() + b"\n"
        for message in (first, second)
    )
    loaded = load_bytes(box, "box.mbox")
    assert [(document.source, document.title, body(document.text)) for document in loaded.documents] == [
        (f"box.mbox#{first['Message-ID'].strip('<>')}", "one", "First.\n\nFrom me to you."),
        ("box.mbox#2", "second", "Second."),
    ]


def test_what_is_no_mail() -> None:
    with pytest.raises(LoadError, match="no mail"):
        load_bytes(b"just some words\n", "m.eml")
    with pytest.raises(LoadError, match="no mailbox"):
        load_bytes(b"just some words\n", "m.mbox")


HEAD = "From: Ada <a@example.org>\nSubject: S\nMIME-Version: 1.0\n"


def parts(kind: str, *inner: str) -> bytes:
    """A multipart message of parts, each its headers, a blank line and its body."""
    body = "".join(f"--B\n{each}\n" for each in inner)
    return f'{HEAD}Content-Type: multipart/{kind}; boundary="B"\n\n{body}--B--\n'.encode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            parts(
                "mixed",
                "Content-Type: text/html\n\n<p>The well is closed.",
                "Content-Type: text/plain\n\n-- list",
            ),
            "The well is closed.\n\n-- list",
        ),
        (
            parts(
                "mixed",
                "Content-Type: text/plain\n\nWe begin at nine.",
                "Content-Type: image/png; name=a.png\nContent-Disposition: inline\n\nx",
                "Content-Type: text/plain\n\nPark in hall seven.",
            ),
            "We begin at nine.\n\nPark in hall seven.",
        ),
        (
            parts("alternative", "Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>Rich."),
            "Rich.",
        ),
        (
            parts(
                "alternative",
                "Content-Type: text/plain\n\nUse an HTML reader.",
                "Content-Type: text/html\n\n<p>The price of copper is eight euros from Monday on.",
            ),
            "The price of copper is eight euros from Monday on.",
        ),
        (
            parts(
                "related",
                'Content-Type: multipart/alternative; boundary="C"\n\n--C\nContent-Type: text/plain\n\n'
                "Plain.\n--C\n"
                "Content-Type: text/html\n\n<p>Plain.\n--C--",
                "Content-Type: image/gif\n\nx",
            ),
            "Plain.",
        ),
        (
            parts(
                "alternative",
                "Content-Type: text/plain\n\nPlease come.",
                "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VEVENT\nSUMMARY:Planning\\, part\n"
                "  two\n"
                "DTSTART;TZID=Europe/Berlin:20240311T090000\nDTEND:20240311T100000Z\nEND:VEVENT",
            ),
            "Please come.\n\nEvent: Planning, part two\nStart: 2024-03-11 09:00 Europe/Berlin\n"
            "End: 2024-03-11 10:00 UTC",
        ),
        (
            f"{HEAD}Content-Type: text/enriched\n\n<bold>The well</bold> is <color><param>red</param>shut\n"
            "today</color>.\n\nAt <<b> too.\n".encode(),
            "The well is shut today.\nAt <b> too.",
        ),
        (
            parts("mixed", "Content-Type: text/x-markdown\n\n*Shut* the well."),
            "*Shut* the well.",
        ),
        (f"Received: x\nno header at all\n{HEAD}\nThe code is 5512.\n".encode(), "The code is 5512."),
        (f">From mail\n{HEAD}\nThe code is 5512.\n".encode(), "The code is 5512."),
    ],
)
def test_every_text_that_a_message_shows(data: bytes, text: str) -> None:
    assert body(load_bytes(data, "m.eml").documents[0].text) == text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            parts(
                "encrypted",
                "Content-Type: application/pgp-encrypted\n\nVersion: 1",
                "Content-Type: text/plain\n\nx",
            ),
            "the text is encrypted and was not read; save the mail decrypted",
        ),
        (
            f"{HEAD}\n-----BEGIN PGP MESSAGE-----\nabc\n".encode(),
            "a text is encrypted (PGP) and was not read; save the mail decrypted",
        ),
        (
            f"{HEAD}Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nabc\n".encode(),
            "the text is encrypted and was not read; save the mail decrypted",
        ),
        (f"X: 1\nodd\n{HEAD}\nText.\n".encode(), "1 header line without a name passed over"),
    ],
)
def test_what_is_not_read_is_told(data: bytes, problem: str) -> None:
    assert load_bytes(data, "m.eml").problems == [problem]


def test_a_text_signed_as_a_whole_and_one_enveloped_are_told() -> None:
    def of(kind: str) -> list[str]:
        head = f"{HEAD}Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\n\nTUlN\n"
        return load_bytes(head.encode(), "m.eml").problems

    assert of("signed-data") == ["the text is signed by S/MIME as a whole and was not read; save it unsigned"]
    assert of("enveloped-data") == ["the text is encrypted and was not read; save the mail decrypted"]


def test_attachments_without_a_suffix_go_by_their_type() -> None:
    data = parts(
        "mixed",
        "Content-Type: text/plain\n\nSee below.",
        'Content-Type: text/html; name="report"\nContent-Disposition: attachment\n\n<p>88 MWh in May.',
        'Content-Type: text/csv\nContent-Disposition: attachment; filename="data"\n\na,b\n1,2',
        'Content-Type: application/x-unknown\nContent-Disposition: attachment; filename="blob"\n\nx',
        'Content-Type: application/pgp-signature; name="s.asc"\n\nx',
    )
    loaded = load_bytes(data, "m.eml")
    assert [(each.source, each.text, each.media_type) for each in loaded.documents] == [
        ("m.eml", "From: Ada <a@example.org>\n\nSee below.", "text/plain"),
        ("m.eml#report", "88 MWh in May.", "text/markdown"),
        ("m.eml#data", "a,b\n1,2", "text/csv"),
    ]
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("attachment blob: no loader for the media type")


def test_a_mailbox_takes_messages_with_few_headers_and_says_why_it_has_none() -> None:
    box = b"From a@b Mon Jun 01 04:28:28 2009\nComments: x\n\nThe attic door sticks.\n"
    assert load_bytes(box, "b.mbox").documents[0].text == "The attic door sticks."
    with pytest.raises(LoadError, match="message 1: no mail"):
        load_bytes(b"From a@b Mon Jun 01 04:28:28 2009\n\nJust words.\n", "b.mbox")


def test_an_attached_invitation_with_its_time_zone_and_people() -> None:
    invitation = (
        "BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VTIMEZONE\nTZID:Berlin\nBEGIN:STANDARD\nDTSTART:16010101T030000\n"
        "END:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:Board\n"
        'DTSTART;TZID="(UTC+01:00) Berlin":20240311T090000\nRRULE:FREQ=WEEKLY;COUNT=4\n'
        'ORGANIZER;CN="Lund: Ada":MAILTO:ada@example.org\nBEGIN:VALARM\nDESCRIPTION:Reminder\nEND:VALARM\n'
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    data = (
        "From: a@example.org\nSubject: Board\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nSee the invitation.\n"
        "--b\nContent-Type: application/ics; name=i.ics\n"
        f"Content-Disposition: attachment; filename=i.ics\n\n{invitation}\n--b\n"
        "Content-Type: text/rtf\nContent-Disposition: attachment; filename=n.rtf\n\n{\\rtf1 hi}\n--b--\n"
    )
    loaded = load_bytes(data.encode(), "m.eml")
    assert loaded.documents[1].text == (
        "Status: cancelled\nEvent: Board\nStart: 2024-03-11 09:00 (UTC+01:00) Berlin\n"
        "Repeats: freq weekly, count 4\nOrganizer: Lund: Ada <ada@example.org>"
    )
    assert loaded.problems == ["attachment n.rtf: no loader for .rtf files; save it as .docx"]


def test_a_blank_before_a_colon_ends_no_header() -> None:
    data = b"From: a@example.org\nX-Odd : yes\nSubject: Gate\n\nThe code is 5512.\n"
    document = load_bytes(data, "m.eml").documents[0]
    assert (document.title, document.text) == ("Gate", "From: a@example.org\n\nThe code is 5512.")
