"""What the name of a column in a German, French or Spanish table means in English.

Tables of everyday work have the same few dozen names for their columns. A question in English names none of
them, so a row is read with the meaning of its columns beside it: `Preis` is a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = """
price: preis, prix, precio
rate: satz, quote, taux, tasa
unit price: einzelpreis, stückpreis
cost: kosten, coût, coûts, costo, coste, costos, costes
amount: betrag, summe, montant, importe, monto
fee: gebühr, gebühren, honorar, tarif, tarifa
total: gesamt, gesamtbetrag, total
wage: lohn, gehalt, salaire, salario, sueldo
rent: miete, loyer, alquiler
discount: rabatt, remise, descuento
tax: steuer, impôt, impuesto
VAT: mwst, ust, mehrwertsteuer, tva, iva
currency: währung, devise, moneda
quantity: menge, anzahl, stückzahl, quantité, nombre, cantidad, número
stock: bestand, lagerbestand, vorrat, stock, existencias
minimum stock: mindestbestand, meldebestand
unit: einheit, unité, unidad
size: größe, taille, tamaño, talla
weight: gewicht, poids, peso
length: länge, longueur, longitud
width: breite, largeur, ancho
height: höhe, hauteur, altura
age: alter, âge, edad
article: artikel, ware, article, artículo
product: produkt, produit, producto
name: name, bezeichnung, nom, nombre, denominación
first name: vorname, prénom
surname: nachname, familienname, apellido, apellidos
description: beschreibung, description, descripción
kind: art, typ, sorte, type, tipo
category: kategorie, gruppe, warengruppe, catégorie, categoría
colour: farbe, couleur, color
number: nummer, nr, numéro, núm
customer: kunde, kundin, client, cliente
supplier: lieferant, anbieter, fournisseur, proveedor
manufacturer: hersteller, fabricant, fabricante
company: firma, unternehmen, entreprise, société, empresa
contact: ansprechpartner, ansprechperson, kontakt, contact, contacto
person responsible: verantwortlich, verantwortliche, zuständig, responsable, encargado, encargada
employee: mitarbeiter, mitarbeiterin, employé, empleado, empleada
manager: leitung, leiter, leiterin, chef, directeur, jefe, directora, director
department: abteilung, bereich, service, département, departamento
position: stelle, funktion, poste, fonction, puesto, cargo
telephone: telefon, tel, téléphone, teléfono
mail address: e-mail, email, mail, courriel, correo
address: adresse, anschrift, dirección
street: straße, strasse, rue, calle
postcode: plz, postleitzahl
place: ort, standort, lieu, lugar, ubicación, emplacement
town: stadt, gemeinde, ville, ciudad
country: land, pays, país
room: raum, zimmer, saal, salle, pièce, sala, habitación
storage place: lagerort, lagerplatz, fach, regal
branch: filiale, niederlassung, succursale, sucursal
date: datum, date, fecha
day: tag, wochentag, jour, día
week: woche, semaine, semana
month: monat, mois, mes
year: jahr, année, año
time: uhrzeit, zeit, heure, hora, horaire, horario
beginning: beginn, anfang, début, inicio
end: ende, fin
duration: dauer, durée, duración
deadline: frist, termin, fällig, fälligkeit, échéance, vencimiento, plazo
delivery: lieferung, livraison, entrega
delivery date: liefertermin, lieferdatum
order: bestellung, auftrag, commande, pedido
invoice: rechnung, facture, factura
payment: zahlung, paiement, pago
status: status, stand, zustand, état, estado
value: wert, valeur, valor
remark: bemerkung, anmerkung, hinweis, notiz, remarque, observation, observaciones, nota
reason: grund, motif, raison, motivo, razón
result: ergebnis, résultat, resultado
task: aufgabe, tätigkeit, tâche, tarea
machine: maschine, gerät, machine, appareil, máquina, equipo
vehicle: fahrzeug, véhicule, vehículo
mileage: kilometerstand, kilométrage, kilometraje
licence plate: kennzeichen, immatriculation, matrícula
course: kurs, cours, curso
participants: teilnehmer, teilnehmende, participants, participantes
language: sprache, langue, idioma
dose: dosis, dosierung, dose, posología
warranty: garantie, gewährleistung, garantía
"""

_ALSO_ENGLISH = """
art client color contact date description director dose email fin fonction fax hora land machine mail name
nota observation participants position quote satz service stand status stock tag total type article
"""
"""Words of the table above that an English column may have for its name, or end with."""
_BEFORE = """
annual: jahres
base: grund
birth: geburts
customer: kunden
daily: tages
delivery: liefer
expiry: ablauf, verfalls
gross: brutto
hourly: stunden
invoice: rechnungs
maximum: höchst
minimum: mindest
monthly: monats
net: netto
order: bestell
payment: zahlungs
purchase: einkaufs
rent: miet
selling: verkaufs
stock: lager
total: gesamt
weekly: wochen
"""
"""What German compounds of such words begin with."""


def _read(table: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in table.strip().splitlines())
    return {word.strip(): meaning for meaning, _, words in lines for word in words.split(",")}


_MEANING, _FIRST = _read(_WORDS), _read(_BEFORE)
_ENGLISH = frozenset(_ALSO_ENGLISH.split())
_SMALL = re.compile(
    r"(?:in|je|pro|de[rs]?|die|das|von|für|du|l[ae]s?|el|los|par|por|en|[dly]|et|und)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SHORTEST = 4  # letters of the last part of a compound whose first is not known


def meanings_of(names: Iterable[str]) -> dict[str, str]:
    """The columns of a table that have a meaning in English: `Preis in EUR` → `price EUR`.

    Empty where no name is German, French or Spanish beyond doubt. Compounds have the meaning of their parts,
    or of the last one alone: `Mindestpreis` is a minimum price, `Ladenpreis` a price.
    """
    meanings = {name: _meaning_of(name) for name in names}
    if not any(meaning and not set(_words(name)) <= _ENGLISH for name, meaning in meanings.items()):
        return {}
    return {name: meaning for name, meaning in meanings.items() if meaning}


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name) if not _SMALL.fullmatch(word)]


def _meaning_of(name: str) -> str:
    words = _words(name)
    said = [_meaning(word) or word for word in words]
    return " ".join(said) if said != words else ""


def _meaning(word: str) -> str:
    if word in _MEANING:
        return _MEANING[word]
    for first, said in _FIRST.items():
        if word.startswith(first) and (rest := _meaning(word[len(first) :])):
            return f"{said} {rest}"
    ends = (word[at:] for at in range(2, len(word) - _SHORTEST + 1))
    return next((_MEANING[end] for end in ends if end in _MEANING and end not in _ENGLISH), "")
