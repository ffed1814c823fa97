"""A chart of recall against time, as SVG of a few lines."""

from collections.abc import Iterator
from html import escape
from math import log10
from typing import Any

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 60, 250, 40, 50
LOWEST = 0.5  # recalls below are not drawn
COLOURS = (
    *("#1b6ca8", "#d1495b", "#2e8b57", "#b8860b", "#7b4fa3", "#00838f", "#8d5524", "#c2185b"),
    *("#555555", "#4a7c10", "#e07b00", "#3949ab", "#6d6d00", "#ad1457", "#00695c"),
)

Series = tuple[str, list[tuple[float, float]], bool]  # name, (ms, recall), whether it is a peer


def by_oversample(index: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An index's points for each oversampling, with a name."""
    options = index["options"]
    name = options["type"]
    if "m" in options:
        name += f", m {options['m']}"
    for oversample in dict.fromkeys(point["oversample"] for point in index["points"]):
        points = [point for point in index["points"] if point["oversample"] == oversample]
        yield (f"{name}, {oversample:g} x rescored" if oversample else name), points


def setting_of(peer: str, setting: int) -> str:
    """What a library's setting is called there."""
    if not setting:
        return ""
    names = {"IVF": "nprobe", "Annoy": "search_k"}
    called = next((name for mark, name in names.items() if mark in peer), "ef")
    return f"{called} {setting}"


def series_of(run: dict[str, Any]) -> list[Series]:
    """Every curve of a run."""
    found: list[Series] = [
        (name, [(point["p50_ms"], point["recall"]) for point in points], False)
        for index in run["indices"]
        for name, points in by_oversample(index)
    ]
    peers = [
        (peer["name"], [(point["p50_ms"], point["recall"]) for point in peer["points"]], True)
        for peer in run["peers"]
    ]
    return found + peers


def chart(figures: dict[str, Any]) -> str:
    """The run with the most vectors: the median time of a query, and its recall@10."""
    run = max(figures["runs"].values(), key=lambda one: one["vectors"])
    series = series_of(run)
    times = [ms for _, points, _ in series for ms, _ in points]
    low, high = log10(min(times)) - 0.1, log10(max(times)) + 0.1

    def at(ms: float, recall: float) -> tuple[float, float]:
        x = LEFT + (log10(ms) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        y = TOP + (1 - recall) / (1 - LOWEST) * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    title = f"{run['vectors']:,} vectors of {run['dims']} dimensions: recall@10 and median ms"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, 22, title, bold=True),
    ]
    for tenth in range(round(LOWEST * 20), 21):
        x, y = at(10**low, tenth / 20)
        parts += [_line([(x, y), (WIDTH - RIGHT, y)], "#ddd")]
        parts += [_text(x - 34, y + 4, f"{tenth / 20:.2f}")]
    for ms in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300):
        if low <= log10(ms) <= high:
            x, y = at(ms, LOWEST)
            parts += [_line([(x, TOP), (x, y)], "#eee"), _text(x - 8, y + 18, f"{ms:g}")]
    parts.append(_text(LEFT, HEIGHT - 10, "ms a query (libraries: in their own process), dashed"))
    for number, (name, points, is_peer) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        drawn = [at(ms, recall) for ms, recall in points if recall >= LOWEST]
        parts += [_line(drawn, colour, dashed=is_peer), *_dots(drawn, colour)]
        x, y = WIDTH - RIGHT + 16, TOP + 8 + 21 * number
        parts += [_line([(x, y), (x + 24, y)], colour, dashed=is_peer)]
        parts += [*_dots([(x + 12, y)], colour), _text(x + 32, y + 4, name)]
    return "\n".join([*parts, "</svg>", ""])


def _line(points: list[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    at = " ".join(f"{x:g},{y:g}" for x, y in points)
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    return f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>'


def _dots(points: list[tuple[float, float]], colour: str) -> list[str]:
    return [f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{colour}"/>' for x, y in points]


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}"{weight}>{escape(text)}</text>'
