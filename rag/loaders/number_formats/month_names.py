"""Names of months and weekdays by language, as dates in sheets are written; each with its short form."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """Names from January and from Monday on, whole and short."""

    months: list[str]
    short_months: list[str]
    days: list[str]
    short_days: list[str]


def _names(months: str, short_months: str, days: str, short_days: str) -> Names:
    return Names(months.split(), short_months.split(), days.split(), short_days.split())


ENGLISH = _names(
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mon Tue Wed Thu Fri Sat Sun",
)
_LANGUAGES = {
    0x06: _names(
        "januar februar marts april maj juni juli august september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "man tir ons tor fre lør søn",
    ),
    0x07: _names(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo Di Mi Do Fr Sa So",
    ),
    0x09: ENGLISH,
    0x0A: _names(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lun mar mié jue vie sáb dom",
    ),
    0x0C: _names(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lun. mar. mer. jeu. ven. sam. dim.",
    ),
    0x10: _names(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "lun mar mer gio ven sab dom",
    ),
    0x13: _names(
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "ma di wo do vr za zo",
    ),
    0x14: _names(
        "januar februar mars april mai juni juli august september oktober november desember",
        "jan. feb. mars april mai juni juli aug. sep. okt. nov. des.",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "ma. ti. on. to. fr. lø. sø.",
    ),
    0x16: _names(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
        "seg ter qua qui sex sáb dom",
    ),
    0x1D: _names(
        "januari februari mars april maj juni juli augusti september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        "måndag tisdag onsdag torsdag fredag lördag söndag",
        "må ti on to fr lö sö",
    ),
}
_TAGS = {
    "da": 0x06, "de": 0x07, "en": 0x09, "es": 0x0A, "fr": 0x0C, "it": 0x10, "nl": 0x13, "nb": 0x14,
    "no": 0x14, "pt": 0x16, "sv": 0x1D, "x": 0x09,
}  # fmt: skip
_SYSTEM = ("f800", "f400")  # the reader's own long date and time
_LANGUAGE = 0x3FF  # the bits of a Windows locale that are its language


def names_of(locale: str) -> Names | None:
    """The names of a locale, `407`, `2000407` or `de-DE`; English where it is blank; None: not known here."""
    low = locale.partition(",")[0].strip().lower()
    if not low or low in _SYSTEM:
        return ENGLISH
    if low.partition("-")[0] in _TAGS and ("-" in low or len(low) == 2):
        return _LANGUAGES.get(_TAGS[low.partition("-")[0]])
    try:
        return _LANGUAGES.get(int(low[-4:], 16) & _LANGUAGE) if int(low, 16) else ENGLISH
    except ValueError:
        return None
