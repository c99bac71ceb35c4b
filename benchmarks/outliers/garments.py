"""Which glyphs show a garment, a shoe, a bag or an accessory that is worn; they are left out.

The lists were completed by looking at sheets of what remained, without a model. Filled squares,
padlocks and people in clothes stay: they are no garments, however much a model takes them for one.
"""

import re
from collections.abc import Iterable

# A name that has one of WORDS, or its plural, is of a garment,
WORDS = """
    apron backpack bag baggage basket bikini blouse boot brief briefcase cloak clothes clothing coat
    crown diaper dress eyeglasses eyewear fedora footprint footwear garment gauntlet glasses glove
    goggles gown graduation handbag hanger hat headband headscarf heel helmet hoodie jacket jeans
    jersey jumper kimono leotard luggage mantle medkit moccasin necktie outfit pajamas panties
    pants panty parka poncho pouch pullover purse robe rucksack sandal sari satchel scarf shawl
    shirt shirtsinbulk shoe shopify shorts skate skating skirt slipper sneaker sock stocking
    suitcase sunglasses sweater sweatshirt swimsuit tights tote trouser tshirt tunic tuxedo
    underpants undershirt underwear uniform vest waistcoat wallet watch
"""
# unless it also has one of OTHER: faces, people, signs, a clock, a logo.
OTHER = "apl clinking face google later man metrical notation person tetragram"
NAMES = frozenset(  # whole names that are of a garment
    (
        *("billed cap", "business center", "case sensitive alt", "cases", "checkroom"),
        *("diving mask", "dry cleaning", "fa black tie", "hololens", "home repair service"),
        *("incognito", "local mall", "masks", "mdi school", "medical services", "next week"),
        *("ring", "shop", "shop two", "shopping", "shopping music", "sports mma"),
        *("sports motorsports", "tie", "work", "work history", "work off", "work outline"),
    )
)
CODES = {  # by package, the code points of garments without a name
    "fonts-glyphicons-halflings": (0xE135, 0xE233, 0xE246),  # a briefcase, a cap, sunglasses
    "fonts-entypo": (0xE78E,),  # a suitcase
}


def shows_garment(names: Iterable[str]) -> bool:
    """Return whether one of a glyph's names is of a garment."""
    split = [re.findall("[a-z]+", name.lower()) for name in names]
    return any(" ".join(words) in NAMES or _has_word(words) for words in split)


def _has_word(words: list[str]) -> bool:
    garments = {*WORDS.split()}
    found = any(garments & {word, word.removesuffix("s")} for word in words)
    return found and not {*OTHER.split()}.intersection(words)


def left_out(package: str, code: int, names: Iterable[str]) -> bool:
    """Return whether a glyph shows a garment, by its names or its code point."""
    return shows_garment(names) or code in CODES.get(package, ())
