"""The names of folders: of classes, with the signs that a folder cannot have; and hidden ones."""

import re
from urllib.parse import unquote

HIDDEN = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}  # and what begins with .
# What a folder's name cannot have: / and NUL anywhere, the others and some whole names on Windows.
ESCAPED = re.compile(r'[%/\\:*?"<>|\x00-\x1f\x7f]|^\.|[. ]$|^ ')
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is one that systems make and do not show."""
    return name.startswith(".") or name.lower() in HIDDEN


def escaped(name: str) -> str:
    """Return a folder's name for a class, on any system; `unescaped` gives the class again."""
    name = ESCAPED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    taken = DEVICES.fullmatch(name) or name.lower() in HIDDEN
    return f"%{ord(name[0]):02X}{name[1:]}" if taken else name


def unescaped(folder_name: str) -> str:
    """Return the class of a folder; a name that `escaped` does not give is its own class."""
    name = unquote(folder_name)
    return name if escaped(name) == folder_name else folder_name
