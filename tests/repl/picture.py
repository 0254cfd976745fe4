#!/usr/bin/env python3
"""Records README's picture of a prompt: lsv in a real pseudo-terminal, its screen written as an SVG.

    picture.py --lsv PATH > doc/prompt.svg

The session below is typed key by key; what the screen model then holds, with what went off at its top, is drawn cell
by cell. The same session gives the same picture.
"""
import argparse
import html
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from terminal import Terminal  # noqa: E402

COLUMNS, ROWS = 100, 80
WIDTH, HEIGHT, MARGIN = 8.4, 17, 14          # of a cell, around the screen
BACK, FRONT = "#1b1f27", "#d7dae0"
COLORS = {"black": "#3b4048", "red": "#e06c75", "green": "#98c379", "brown": "#e5c07b", "blue": "#61afef", "magenta": "#c678dd",
          "cyan": "#56b6c2", "white": "#d7dae0", "brightblack": "#7f848e", "brightred": "#e06c75", "brightgreen": "#98c379",
          "brightbrown": "#e5c07b", "brightyellow": "#e5c07b", "brightblue": "#61afef", "brightmagenta": "#c678dd",
          "brightcyan": "#56b6c2", "brightwhite": "#ffffff"}

SESSION = [
    "import numpy as np",
    "rng = np.random.default_rng(7)",
    "W = rng.normal(size=(2000, 12)) @ rng.normal(size=(12, 1500))",
    "W += 0.05 * rng.normal(size=W.shape)",
    "B, A, info = lora(W, tol=0.05, info=True)",
    "B.shape, A.shape, round(info['error'], 4)",
    "U, S, Vh = svd(W, k=16)",
    "why S",
    "W @ W",
    "spectrum(S, rank=12, title='leading singular values')",
]


def record(lsv):
    with Terminal([lsv, "--no-history"], columns=COLUMNS, lines=ROWS, color=True) as t:
        t.prompt()
        for cell in SESSION:
            t.run(cell, timeout=120)
        rows = [[t.cell(y, x) for x in range(COLUMNS)] for y in range(ROWS)]
        text = t.screen()
        t.close()
    last = max(y for y, row in enumerate(text) if row)
    return rows[:last]          # without the last, empty prompt


def color(name, default):
    if name == "default":
        return default
    return COLORS.get(name) or ("#" + name if len(name) == 6 else default)


def runs(row):
    """(column, text, colour, bold) of pieces of one look."""
    pieces, end = [], max((x + 1 for x, c in enumerate(row) if c.data.strip()), default=0)
    for x, c in enumerate(row[:end]):
        front = color(c.bg if c.reverse else c.fg, BACK if c.reverse else FRONT)
        if pieces and pieces[-1][2:] == [front, c.bold]:
            pieces[-1][1] += c.data
        else:
            pieces.append([x, c.data, front, c.bold])
    return [p for p in pieces if p[1].strip()]


def draw(rows):
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">',
           f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>',
           '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">']
    for y, row in enumerate(rows):
        for x, text, front, bold in runs(row):
            lead = len(text) - len(text.lstrip())
            text, at = text.strip(), x + lead
            weight = ' font-weight="bold"' if bold else ""
            place = f'y="{MARGIN + (y + 0.75) * HEIGHT:.1f}" fill="{front}"{weight}'
            if text.isascii():
                out.append(f'<text x="{MARGIN + at * WIDTH:.1f}" {place} textLength="{len(text) * WIDTH:.1f}" '
                           f'lengthAdjust="spacingAndGlyphs">{html.escape(text)}</text>')
            else:               # glyphs of other fonts have widths of their own: each in its cell
                cells = "".join(f'<tspan x="{MARGIN + (at + i) * WIDTH:.1f}">{html.escape(c)}</tspan>' for i, c in enumerate(text) if c != " ")
                out.append(f"<text {place}>{cells}</text>")
    return "\n".join(out + ["</g>", "</svg>"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    args = parser.parse_args()
    print(draw(record(os.path.abspath(args.lsv))))


if __name__ == "__main__":
    main()
