"""A font of one glyph: the narrow no-break space, which the font of the pages lacks and systems draw too thin."""

from io import BytesIO

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

FAMILY = "Estuaire Espaces"
ADVANCE = 270  # thousandths: wide enough for 4 200 000 not to read as one number
EPOCH = 2082844800  # 1970 as fonts count seconds: the same bytes at each build


def space_font() -> bytes:
    """Build the font as WOFF; equal bytes at each call, so that its address is stable."""
    builder = FontBuilder(1000, isTTF=True)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder([".notdef", "nnbsp"])
    builder.setupCharacterMap({0x202F: "nnbsp"})
    builder.setupGlyf({".notdef": _box(), "nnbsp": TTGlyphPen(None).glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "nnbsp": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=EPOCH, modified=EPOCH)
    builder.font.flavor = "woff"
    written = BytesIO()
    builder.save(written)
    return written.getvalue()


def _box() -> Glyph:
    """Return any contour: browsers refuse a font whose ``.notdef`` is empty."""
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    pen.lineTo((50, 500))
    pen.lineTo((450, 500))
    pen.lineTo((450, 0))
    pen.closePath()
    return pen.glyph()
