"""Tell a spreadsheet formula from ordinary chat that begins with =, +, - or @."""

from __future__ import annotations

import re

MARKS = ("=", "+", "-", "@")
BEGINNINGS = (*MARKS, "\t", "\r")  # that a spreadsheet may run (OWASP, "CSV injection")

_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?%?"
_CALL = r"[A-Za-z_][A-Za-z0-9_.]*\([^()]*(?:\([^()]*\)[^()]*)*\)"
_OPERAND = rf"(?:{_CALL}|{_CELL}(?::{_CELL})?|{_NUMBER})"
_OPERATOR = r"\s*(?:[-+*/^&=]|<>|[<>]=?)\s*"

# A DDE call such as cmd|' /C calc'!A0, anywhere after the mark.
_DDE = re.compile(r"\w\|(?:'[^'|]*'|[^\s'!|]{1,80})![A-Za-z']")
_OPENED_CALL = re.compile(r"[=+\-@][-+=@ ]{0,8}[A-Z][A-Z0-9.]+\(")  # in capitals: after any mark
# After an equals sign: a call, a reference, arithmetic, a string, another sheet, a name.
_AFTER_EQUALS = re.compile(
    rf"""=\s*[-+]?\s*(?:
      [A-Za-z_][A-Za-z0-9_.]*\s*\(                     # =hyperlink(
    | {_CELL}\s*(?:$|[-+*/^&=<>:!,;)])                 # =A1, =A1+B2, =A1:B9
    | {_NUMBER}\s*(?:$|[-+*/^&=<>])                    # =1, =1+1
    | "                                                # ="x"&A1
    | '[^']*'!                                         # ='Sheet 1'!A1
    | [A-Za-z_]\w*!{_CELL}                             # =Sheet1!A1
    | [A-Za-z_][\w.]*\|                                # =cmd|
    | \(\s*(?:{_CELL}|{_NUMBER})\s*[-+*/^&=<>:)]       # =(A1+1)*2
    | \{{                                              # an array in braces
    )|=[A-Za-z_]\w{{2,}}$                              # =Revenue
    """,
    re.VERBOSE,
)
# After a plus or minus, "-1 from me" and "+1-555-0100" are chat; a whole expression is not.
_EXPRESSION = re.compile(rf"[-+][-+ ]{{0,8}}{_OPERAND}(?:{_OPERATOR}{_OPERAND})*")
_SIGNED = re.compile(r"[-+](?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_REFERENCE = re.compile(rf"{_CALL}|(?<![A-Za-z]){_CELL}")


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would run this cell (OWASP, "CSV injection").

    Arithmetic on bare numbers after a plus or minus passes: that is how people vote and how
    phone numbers look.
    """
    cell = cell.strip()
    if not cell.startswith(MARKS):
        return False
    if _DDE.search(cell) or _OPENED_CALL.match(cell) or _AFTER_EQUALS.match(cell):
        return True
    return bool(_EXPRESSION.fullmatch(cell) and _REFERENCE.search(cell))


def guard(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet may take for a formula; numbers stay numbers."""
    if not cell.startswith(BEGINNINGS) or _SIGNED.fullmatch(cell):
        return cell
    return f"'{cell}"
