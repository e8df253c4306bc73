"""Values of form fields: text, choices and check boxes, as lines where they stand on the page."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from rag.loaders.guard.invisible import visible

from .lines import Line, Word

CHECKED, UNCHECKED = "☒", "☐"
_NO_COMMENTS = (2, 16, 20, 21)  # links, pop-ups, form fields, screens: kinds of annotations in PDFium
_BELOW = -10_000.0  # points
_HIDDEN = 2 | 32  # flags of an annotation: hidden, no view


def open_form(pdf: Any) -> None:
    """Reads the form of a pypdfium2 document, where it has one: the values of its fields are known then."""
    from pypdfium2 import raw

    if pdf.get_formtype() != raw.FORMTYPE_NONE:
        pdf.init_forms()


def xfa_problem(pdf: Any) -> str:
    """What to say of a form whose values lie in XML of their own; `` for any other."""
    from pypdfium2 import raw

    if pdf.get_formtype() not in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND):
        return ""
    return "an XFA form: values that only its XML holds are not read; print it to a PDF to have them"


def comment_lines(page: Any, height: float) -> list[Line]:
    """What people have written onto the page: notes, boxes of text, and words on what is marked.

    The lines stand below all others, `height` points tall; their words have the place of the note.
    """
    from pypdfium2 import raw

    lines: list[Line] = []
    for place in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind not in _NO_COMMENTS and not raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                text = visible(_text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"))
                rect = raw.FS_RECTF()
                if text and raw.FPDFAnnot_GetRect(annotation, rect):
                    low = _BELOW - 100 * len(lines) * height
                    words = tuple(
                        Word(said, rect.left, rect.right, low=rect.bottom, high=rect.top)
                        for said in ("Comment:", text)
                    )
                    shown = f"Comment: {text}"
                    lines.append(Line(shown, rect.left, rect.right, low, low + height, words=words))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return lines


def field_lines(pdf: Any, page: Any) -> list[Line]:
    """One line for each field of the page that has a value, and for each check box.

    A page that was taken out of its file may have fields without a form: they are shown as they stand.
    """
    from pypdfium2 import raw

    lines: list[Line] = []
    form = pdf.formenv
    for place in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET and not (
                raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN
            ):
                text = _value(raw, form, annotation) if form else _own_value(raw, annotation)
                rect = raw.FS_RECTF()
                if text and raw.FPDFAnnot_GetRect(annotation, rect):
                    lines.append(_line(text, rect))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return lines


def _value(raw: Any, form: Any, annotation: Any) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return CHECKED if raw.FPDFAnnot_IsChecked(form, annotation) else UNCHECKED
    if kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX):
        return _text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    if kind == raw.FPDF_FORMFIELD_LISTBOX:
        chosen = [
            _text(raw.FPDFAnnot_GetOptionLabel, form, annotation, place)
            for place in range(max(raw.FPDFAnnot_GetOptionCount(form, annotation), 0))
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, place)
        ]
        return ", ".join(chosen) or _text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    return ""


def _own_value(raw: Any, annotation: Any) -> str:
    """What a field says of itself, where the document has no form that knows it."""
    kind = _text(raw.FPDFAnnot_GetStringValue, annotation, b"FT")
    if kind in ("Tx", "Ch"):
        return _text(raw.FPDFAnnot_GetStringValue, annotation, b"V")
    state = _text(raw.FPDFAnnot_GetStringValue, annotation, b"AS") if kind == "Btn" else ""
    return (UNCHECKED if state == "Off" else CHECKED) if state else ""


def _text(function: Any, *arguments: Any) -> str:
    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    function(*arguments, buffer, size)
    return " ".join(bytes(buffer).decode("utf-16-le", "ignore").rstrip("\0").split())


def _line(text: str, rect: Any) -> Line:
    height = min(rect.top - rect.bottom, 12.0)
    middle = (rect.top + rect.bottom) / 2 if rect.top - rect.bottom < 40 else rect.top - height
    low, high = middle - height / 2, middle + height / 2
    word = Word(text, rect.left, rect.right, low=low, high=high)
    return Line(text, rect.left, rect.right, low, high, words=(word,), form=True)


def with_fields(lines: Sequence[Line], fields: Sequence[Line]) -> list[Line]:
    """The lines with each field's value behind its label, or a check box before it.

    The label of a text field stands left of it or just above, that of a check box right of it or left.
    """
    placed = list(lines)
    for field in sorted(fields, key=lambda line: (-round(line.bottom / 4), line.left)):
        boxed = field.text in (CHECKED, UNCHECKED)
        beside = [
            (place, line)
            for place, line in enumerate(placed)
            if line.bottom < field.top and line.top > field.bottom and not line.upright
        ]
        right = [(line.left - field.right, place) for place, line in beside if line.left >= field.right - 2]
        left = [(field.left - line.right, place) for place, line in beside if line.right <= field.left + 2]
        if boxed and right and min(right)[0] < 40:
            at = min(right)[1]
            placed[at] = _merged(field, placed[at])
        elif left:
            at = min(left)[1]
            placed[at] = _merged(placed[at], field)
        else:
            above = [
                (line.bottom - field.top, place)
                for place, line in enumerate(placed)
                if line.bottom >= field.top - 4 and line.left < field.right and line.right > field.left
            ]
            placed.insert(min(above)[1] + 1 if above else 0 if not placed else len(placed), field)
    return placed


def _merged(left: Line, right: Line) -> Line:
    """Two lines at one height as one, with the place of the one that is the page's own."""
    own = right if left.form else left
    return own._replace(
        text=f"{left.text} {right.text}",
        left=min(left.left, right.left),
        right=max(left.right, right.right),
        words=(*(left.words or ()), *(right.words or ())),
        broken=False,
    )
