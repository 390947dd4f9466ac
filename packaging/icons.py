"""Draw the icon of the program for the systems that take no SVG: PNG, Windows ICO and macOS ICNS.

.venv/bin/python packaging/icons.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "resources" / "icons" / "haplodesk.svg"
TARGETS = {
    ROOT / "resources" / "icons" / "haplodesk.png": 256,
    ROOT / "packaging" / "haplodesk.ico": 128,
    ROOT / "packaging" / "haplodesk.icns": 256,
}


def drawn(size: int) -> QImage:
    """The icon in a square of so many pixels, on nothing."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(SOURCE)).render(painter)
    painter.end()
    return image


def main() -> int:
    """Write all three."""
    application = QGuiApplication(sys.argv[:1])
    written = [drawn(size).save(str(path)) for path, size in TARGETS.items()]
    application.quit()
    return 0 if all(written) else 1


if __name__ == "__main__":
    sys.exit(main())
