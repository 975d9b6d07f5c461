"""Pictures that tests start from."""

import io

from PIL import Image


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "#0b5563").save(file, "PNG")
    return file.getvalue()
