"""Which glyphs show a garment, a shoe, a bag or an accessory that is worn; they are left out.

Filled squares, padlocks, baskets with wheels and people in clothes stay: they are no garments, how
much a model may take them for one.
"""

import re
from collections.abc import Iterable

WORDS = frozenset(
    """
    apron backpack bag baggage basket bikini blouse boot briefcase brief cloak clothes clothing coat
    crown diaper dress drycleaner eyeglasses eyewear fedora footprint footwear garment glasses glove
    goggles gown handbag hanger hat headband headscarf heel helmet hoodie jacket jeans jersey jumper
    kimono laundry leotard luggage mantle moccasin necktie outfit pajamas panties pants panty parka
    poncho pouch pullover purse robe rucksack sandal sari satchel scarf shawl shirt shirtsinbulk
    shoe shorts skirt slipper sneaker sock stocking suit suitcase sunglasses sweater sweatshirt
    swimsuit tights tote trouser tshirt tunic tuxedo underpants undershirt underwear uniform vest
    waistcoat wallet watch
    """.split()
)
PHRASES = ("local mall", "school satchel", "checkroom", "dry cleaning", "top hat", "shop two")
CODES: dict[str, tuple[int, ...]] = {  # by package, those which no name says and the sheets showed
}


def shows_garment(names: Iterable[str]) -> bool:
    """Return whether one of a glyph's names has a word of WORDS, or one of PHRASES."""
    for name in names:
        words = re.findall("[a-z]+", name.lower())
        text = " ".join(words)
        if any(one in WORDS or one.removesuffix("s") in WORDS for one in words):
            return True
        if any(f" {phrase} " in f" {text} " for phrase in PHRASES):
            return True
    return False


def left_out(package: str, code: int, names: Iterable[str]) -> bool:
    """Return whether a glyph shows a garment, by its names or as CODES says."""
    return shows_garment(names) or code in CODES.get(package, ())
