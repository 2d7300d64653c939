"""The signature of the house: lines that widen into an estuary, with a dot for each member of the territory."""

from dataclasses import dataclass

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]

# The three lines that carry dots, drawn in the middle of a 520 × 240 frame; the faint ones are in the template.
MIDDLE: tuple[Curve, ...] = (
    ((6, 120), (96, 120), (152, 120), (214, 122)),
    ((214, 122), (276, 124), (306, 132), (342, 136)),
    ((342, 136), (378, 140), (418, 158), (514, 156)),
)
UPPER: tuple[Curve, ...] = (
    ((6, 90), (96, 86), (152, 102), (214, 110)),
    ((214, 110), (276, 118), (306, 120), (342, 128)),
    ((342, 128), (378, 136), (418, 156), (514, 152)),
)
LOWER: tuple[Curve, ...] = (
    ((6, 150), (96, 150), (152, 138), (214, 132)),
    ((214, 132), (276, 126), (306, 138), (342, 142)),
    ((342, 142), (378, 146), (418, 160), (514, 158)),
)
LINES = (MIDDLE, UPPER, LOWER)


@dataclass(frozen=True, slots=True)
class River:
    """The path of the lines, and the place of each dot."""

    path: str
    dots: tuple[Point, ...]


def river(members: int) -> River:
    """Draw the lines and as many dots as there are members, evenly spread, in turn on each line."""
    dots = (_place(LINES[i % len(LINES)], (i + 0.5) / members) for i in range(members))
    return River(path="".join(_path(line) for line in LINES), dots=tuple(dots))


def _path(line: tuple[Curve, ...]) -> str:
    curves = "".join("C" + " ".join(f"{x:g} {y:g}" for x, y in curve[1:]) for curve in line)
    start_x, start_y = line[0][0]
    return f"M{start_x:g} {start_y:g}{curves}"


def _place(line: tuple[Curve, ...], share: float) -> Point:
    """Return the point of a line at a share of its width."""
    x = line[0][0][0] + share * (line[-1][-1][0] - line[0][0][0])
    curve = next(curve for curve in line if x <= curve[-1][0])
    low, high = 0.0, 1.0
    # x only grows along a curve, so halving finds the place; ten steps leave half a unit of the drawing.
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if _at(curve, middle)[0] < x else (low, middle)
    return _at(curve, low)


def _at(curve: Curve, t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(weight * point[axis] for weight, point in zip(weights, curve, strict=True)) for axis in (0, 1))
    return round(x, 1), round(y, 1)
