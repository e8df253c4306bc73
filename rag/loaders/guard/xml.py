"""XML under limits: no entities, no external references, bounded depth and size (defusedxml)."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rag.errors import LoadError

from .limits import Limits

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE = re.compile(r"^\{[^}]*\}")


def parse_xml(data: bytes, name: str, limits: Limits) -> Element:
    """The root element of a part called `name`. Raises LoadError for broken or hostile XML."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    depth = elements = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end")):
            if event == "end":
                depth -= 1
                continue
            root = element if root is None else root
            depth += 1
            elements += 1
            if depth > limits.max_xml_depth or elements > limits.max_xml_elements:
                limits.check("max_xml_depth", depth, f"levels of elements in {name}")
                limits.check("max_xml_elements", elements, f"elements in {name}")
    except DefusedXmlException as error:
        raise LoadError(f"refused: {name} declares XML entities, which can be made to do harm") from error
    except (ParseError, ValueError, LookupError) as error:
        raise LoadError(f"a broken file: {name} is no XML ({error}); get a fresh copy") from error
    if root is None:
        raise LoadError(f"a broken file: {name} is empty; get a fresh copy")
    return root


def local(element: Element) -> str:
    """The element's name without its namespace; `` for a comment."""
    return _NAMESPACE.sub("", element.tag) if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """The value of an attribute whatever its namespace; `` where there is none."""
    if name in element.attrib:
        return element.attrib[name]
    return next((value for key, value in element.attrib.items() if key.endswith("}" + name)), "")


def texts(root: Element) -> dict[str, str]:
    """Local name → text of the children of a flat part, such as a document's properties; the first wins."""
    named: dict[str, str] = {}
    for child in root:
        if child.text and child.text.strip():
            named.setdefault(local(child), child.text.strip())
    return named
