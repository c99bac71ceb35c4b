"""require_name: what a recipe may be called.

A name becomes a folder on any system, a cell of a CSV file, the name of an ONNX graph and a part of
an address: one rule holds for all of them.
"""

from fashionlab.errors import InvalidValueError

LONGEST = 200  # bytes in UTF-8; file systems allow 255, and "-seed0.partial" is added
SEPARATORS = '/\\:*?"<>|'  # and what else no file of Windows may have in its name
DEVICES = {  # of Windows, which opens them in place of a file, whatever comes after a dot
    *("con", "prn", "aux", "nul", "conin$", "conout$"),
    *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in "0123456789¹²³"),
}


def require_name(name: str) -> None:
    """Raise InvalidValueError where a text is no name for a recipe."""
    device = name.partition(".")[0].strip().casefold() in DEVICES
    rules = {
        "have 1 to 200 bytes in UTF-8": 0 < len(name.encode(errors="replace")) <= LONGEST,
        "begin with a letter, a digit or _": name[:1].isalnum() or name[:1] == "_",
        "not end with a dot or a space": name[-1:] not in (".", " "),
        f"have printable characters alone, and none of {SEPARATORS}": name.isprintable()
        and not set(name) & set(SEPARATORS),
        "not be that of a device on Windows": not device,
    }
    for rule, holds in rules.items():
        if not holds:
            raise InvalidValueError(
                f"a recipe's name must {rule}, since it names folders; received {name!r:.80}; give "
                'another, in a file by a line name = "mine"'
            )
