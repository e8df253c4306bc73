"""Questions and documents in different languages, with nothing but what ships."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag import Document, Rag

DOCUMENTS = {
    "werkstatt.md": (
        "# Werkstattordnung\n\nDie Werkstatt ist montags bis freitags von 7 bis 16 Uhr geöffnet. Wer eine"
        " Maschine benutzt, trägt eine Schutzbrille. Den Schlüssel für das Lager verwahrt Frau Petersen im"
        " Büro. Schäden sind innerhalb von drei Tagen schriftlich zu melden."
    ),
    "mensa.md": (
        "# Mensa\n\nEin Mittagessen kostet 5,40 Euro, für Auszubildende die Hälfte. Die Küche schließt um 14"
        " Uhr."
    ),
    "bail.md": (
        "# Contrat de bail\n\nLe loyer mensuel est de 830 euros. Le dépôt de garantie correspond à deux mois"
        " de loyer. Le locataire doit donner un préavis de trois mois."
    ),
    "piscina.md": (
        "# Piscina municipal\n\nLa piscina cierra los lunes por limpieza. Los niños menores de ocho años"
        " entran gratis si van acompañados de un adulto. La entrada cuesta cuatro euros."
    ),
    "shiyong.md": (
        "# 洗衣房使用规定\n\n洗衣房每天早上七点到晚上十点开放。洗一次衣服四元，烘干三元。钥匙由王女士保管。"
    ),
    "garden.md": (
        "# Community garden\n\nThe water is turned off from November to March. A plot costs 45 pounds a year."
        " Compost is delivered on the first Saturday in April."
    ),
    "printer.md": (
        "# 3D printer\n\nThe nozzle is cleaned with a brass brush. Filament costs five pence a gram."
    ),
}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    with Rag(tmp_path_factory.mktemp("languages") / "index") as opened:
        opened.ingest(
            Document.make(text, source, media_type="text/markdown") for source, text in DOCUMENTS.items()
        )
        yield opened


@pytest.mark.parametrize(
    ("question", "source", "words"),
    [
        ("Who keeps the key to the store room?", "werkstatt.md", "Frau Petersen"),
        ("How long do we have to report damage?", "werkstatt.md", "innerhalb von drei Tagen"),
        ("How much is a lunch in the canteen?", "mensa.md", "5,40 Euro"),
        ("What is the monthly rent?", "bail.md", "830 euros"),
        ("What notice does the tenant have to give?", "bail.md", "trois mois"),
        ("On which day is the swimming pool closed?", "piscina.md", "lunes"),
        ("Wie viel kostet ein Gramm Filament?", "printer.md", "five pence"),
        ("Wann wird der Kompost geliefert?", "garden.md", "first Saturday in April"),
        ("Wie lange hat die Werkstatt geöffnet?", "werkstatt.md", "7 bis 16 Uhr"),
        ("Until when is the laundry open in the evening?", "shiyong.md", "晚上十点"),
        ("Quel est le prix de l'entrée à la piscine ?", "piscina.md", "cuatro euros"),
    ],
)
def test_the_sentence_is_found_and_quoted_as_it_stands(
    rag: Rag, question: str, source: str, words: str
) -> None:
    answer = rag.ask(question)
    assert not answer.abstained
    assert words in answer.text
    citation = answer.sentences[0].citations[0]
    assert citation.source == source
    assert DOCUMENTS[source][citation.start : citation.end] == citation.quote
