"""
Pictures that mail can show, kept once each by the hash of their bytes.

Nothing is kept as it came: every picture is decoded and written anew, so that where a photograph was taken,
who made a drawing and whatever else hides in a file stays behind.
"""

import contextlib
import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from pulse_mailer.clock import now
from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import NotFound, PictureRefused

MAX_BYTES = 5_000_000
MAX_PIXELS = 20_000_000
MAX_WIDTH = 1200  #: twice the mail's 600, for screens with dense pixels
MAX_HEIGHT = 2400
GOOD_BYTES = 200_000  #: a picture larger than this makes a mail slow to open on a phone

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_WIDTHS = (MAX_WIDTH, 900, 640)
_QUALITIES = (82, 70)
# What Pillow's readers raise on damaged files, besides its own errors.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A picture as it will be kept and shown.

    Attributes:
        media_type: image/png or image/jpeg.
        width, height: pixels.
    """

    media_type: str
    width: int
    height: int
    data: bytes

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def keep(database: Session, data: bytes) -> Picture:
    """
    Check a picture and store it; the same picture is stored once.

    Raises:
        PictureRefused: see prepare().
    """
    return store(database, prepare(data))


def store(database: Session, prepared: Prepared) -> Picture:
    """Store a picture that was prepared before, outside the transaction; the same picture is stored once."""
    if found := database.get(Picture, prepared.content_hash):
        return found
    picture = Picture(
        content_hash=prepared.content_hash,
        media_type=prepared.media_type,
        width=prepared.width,
        height=prepared.height,
        data=prepared.data,
        created_at=now(),
    )
    try:
        with database.begin_nested():
            database.add(picture)
    except IntegrityError:
        # Somebody else stored the same bytes since we looked; theirs are as good.
        return database.get_one(Picture, prepared.content_hash)
    return picture


def read(database: Session, file_name: str) -> Picture:
    """
    Give the picture of that name (Picture.file_name), its bytes loaded.

    Raises:
        NotFound: we keep none of that name.
    """
    content_hash, _, _ = file_name.partition(".")
    found = database.get(Picture, content_hash, options=[undefer(Picture.data)])
    if found is None or found.file_name != file_name:
        raise NotFound(f"There is no picture {file_name!r}.")
    return found


def prepare(data: bytes) -> Prepared:
    """
    Turn a PNG, JPEG, GIF (its first frame) or WebP into a picture for mail: upright, in sRGB, without
    metadata, at most 1200 pixels wide, and 200 KB where that can be had.

    Raises:
        PictureRefused: it is none of these, damaged, over 5 MB or over 20 million pixels.
    """
    smallest = None
    for smallest in _encodings(*_clean(data)):
        if len(smallest.data) <= GOOD_BYTES:
            break
    assert smallest is not None
    return smallest


def _clean(data: bytes) -> tuple[Image.Image, bool]:
    """The pixels alone, upright, with nothing of the file around them; and whether they came as JPEG."""
    if not data:
        raise PictureRefused("The picture's file is empty.")
    if len(data) > MAX_BYTES:
        raise PictureRefused(
            f"The picture's file is larger than {MAX_BYTES // 1_000_000} MB.",
            remedy="Save it smaller; mail shows at most 1200 pixels across.",
        )
    with _reading(data), Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_many_pixels()
        image.load()
        is_photograph = image.format in ("JPEG", "MPO")  # MPO: how some telephones write a JPEG
        upright = ImageOps.exif_transpose(image)
    pixels = _plain_colours(upright)
    pixels.info = {}
    return pixels, is_photograph


@contextlib.contextmanager
def _reading(data: bytes) -> Iterator[None]:
    try:
        # What Pillow remarks on is metadata, which is dropped, and sizes, which are checked.
        with warnings.catch_warnings(action="ignore"):
            yield
    except UnidentifiedImageError as error:
        is_svg = b"<svg" in data[:4096].lower()
        raise PictureRefused(
            "This is an SVG drawing, which few mail programs show."
            if is_svg
            else "This is not a picture in PNG, JPEG, GIF or WebP.",
            remedy="Save it as PNG or JPEG.",
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except _DAMAGE as error:
        raise PictureRefused(
            "The picture is damaged or cut short.", remedy="Open it in a picture program and save it again."
        ) from error


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(
        f"The picture has over {MAX_PIXELS // 1_000_000} million pixels.",
        remedy="Save it smaller; mail shows at most 1200 pixels across.",
    )


def _plain_colours(image: Image.Image) -> Image.Image:
    """What a browser would show of it, in 8 bits a channel; transparency only where there is some."""
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off instead of scaling
        return image.convert("I").point(lambda level: level / 257).convert("L")
    if image.has_transparency_data:
        found = image.convert("RGBA")
        is_opaque = found.getchannel("A").getextrema() == (255, 255)
        return found.convert("RGB") if is_opaque else found
    return _in_srgb(image)


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        # A damaged profile is passed over: browsers show such pictures without it, too.
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            found = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if found is not None:
                return found
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _encodings(image: Image.Image, is_photograph: bool) -> Iterator[Prepared]:
    """Ways to write it, from the best to the smallest; drawings stay sharp as PNG as long as they can."""
    for width in _WIDTHS:
        shown = image.copy()
        shown.thumbnail((width, MAX_HEIGHT), Image.Resampling.LANCZOS)
        if not is_photograph:
            yield _written(shown, "PNG", optimize=True)
        if image.mode != "RGBA":
            for quality in _QUALITIES:
                yield _written(shown, "JPEG", quality=quality, progressive=True, optimize=True)


def _written(image: Image.Image, kind: str, **options: int) -> Prepared:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return Prepared(f"image/{kind.lower()}", image.width, image.height, file.getvalue())
