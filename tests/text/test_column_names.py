"""What columns of German, French and Spanish tables mean in English."""

from __future__ import annotations

import pytest

from rag.text.column_names import meanings_of


@pytest.mark.parametrize(
    ("names", "meanings"),
    [
        ("Artikel Preis Ort", {"Artikel": "article", "Preis": "price", "Ort": "place"}),
        ("Mindestbestellwert", {"Mindestbestellwert": "minimum order value"}),
        ("Ladenpreis", {"Ladenpreis": "price"}),
        ("Nom Téléphone", {"Nom": "name", "Téléphone": "telephone"}),
        ("Producto Precio", {"Producto": "product", "Precio": "price"}),
        ("Name Type Client Status", {}),  # as English as French
        ("Item Price Stock report", {}),
        ("Kunde Land", {"Kunde": "customer", "Land": "country"}),
    ],
)
def test_columns_mean_what_they_are_called(names: str, meanings: dict[str, str]) -> None:
    assert meanings_of(names.split()) == meanings


def test_a_name_of_several_words_has_each_of_them_read() -> None:
    assert meanings_of(["Preis in EUR", "fecha de entrega"]) == {
        "Preis in EUR": "price eur",
        "fecha de entrega": "date delivery",
    }
