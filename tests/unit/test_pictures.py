"""Pictures: what is taken, what is refused, and what is left of a file."""

import io
import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.metadata import metadata
from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import PictureRefused
from pulse_mailer.pictures import GOOD_BYTES, MAX_BYTES, keep, prepare

ORIENTATION, GPS, ARTIST = 0x0112, 0x8825, 0x013B


def written(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def drawing(width: int = 64, height: int = 40, mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height), fill="navy")
    return image


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(5).randbytes(width * height * 3))


def header_of_png(width: int, height: int) -> bytes:
    """A file that says how large it is, and then holds nothing of it."""
    size = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (size, b"IDAT" + zlib.compress(b""))
    )


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("MPO", "image/jpeg"),  # a JPEG as some telephones write it
        ("GIF", "image/png"),
        ("WEBP", "image/png"),  # Outlook for Windows shows no WebP
    ],
)
def test_common_kinds_become_png_or_jpeg(kind: str, media_type: str) -> None:
    prepared = prepare(written(drawing(), kind))
    assert prepared.media_type == media_type
    assert (prepared.width, prepared.height) == (64, 40)
    shown = opened(prepared.data).convert("RGB")
    assert shown.size == (64, 40)
    left, right = shown.getpixel((8, 20)), shown.getpixel((56, 20))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert max(abs(a - b) for a, b in zip(left + right, (0, 0, 128, 255, 255, 255), strict=True)) < 12


def test_only_the_first_frame_of_a_moving_gif_is_kept() -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "green", "blue")]
    data = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    shown = opened(prepare(data).data)
    assert getattr(shown, "n_frames", 1) == 1
    assert shown.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_of_the_metadata_is_kept(kind: str) -> None:
    exif = Image.Exif()
    exif[ARTIST] = "Somebody Private"
    exif.get_ifd(GPS)[1] = "N"
    image = drawing()
    options: dict[str, object] = {"exif": exif}
    if kind == "JPEG":
        options["comment"] = b"taken at home"
    data = written(image, kind, **options)
    assert b"Somebody Private" in data
    kept = opened(prepare(data).data)
    assert not kept.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp", "dpi"} & kept.info.keys()
    assert b"Somebody Private" not in prepare(data).data


def test_what_hides_behind_the_picture_is_left_behind() -> None:
    assert b"<script>" not in prepare(written(drawing()) + b"<script>alert(1)</script>").data


def test_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the top of the scene is at the right of the file
    prepared = prepare(written(drawing(60, 20), "JPEG", exif=exif))
    assert (prepared.width, prepared.height) == (20, 60)


def test_wide_picture_is_made_as_wide_as_mail_can_use() -> None:
    prepared = prepare(written(drawing(3000, 1500)))
    assert (prepared.width, prepared.height) == (1200, 600)


def test_small_picture_is_not_blown_up() -> None:
    assert prepare(written(drawing(30, 20))).width == 30


def test_heavy_drawing_steps_down_until_it_is_light() -> None:
    prepared = prepare(written(noise(900, 600), "PNG"))
    assert len(prepared.data) <= GOOD_BYTES
    assert prepared.media_type == "image/jpeg"


def test_photograph_steps_down_in_quality_before_it_loses_width() -> None:
    data = written(noise(640, 420), "JPEG", quality=98)
    prepared = prepare(data)
    assert len(prepared.data) <= GOOD_BYTES < len(data)
    assert prepared.width == 640


def test_transparency_is_kept() -> None:
    image = drawing(40, 40, "RGBA")
    image.putpixel((20, 20), (0, 0, 0, 0))
    shown = opened(prepare(written(image)).data)
    assert shown.mode == "RGBA"
    assert shown.getpixel((20, 20)) == (0, 0, 0, 0)


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off() -> None:
    image = Image.new("I;16", (4, 4), 30_000)
    shown = opened(prepare(written(image)).data)
    assert shown.convert("L").getpixel((1, 1)) == pytest.approx(30_000 / 257, abs=1)


def test_cmyk_of_a_printed_report_becomes_rgb() -> None:
    shown = opened(prepare(written(drawing().convert("CMYK"), "JPEG")).data)
    assert shown.mode == "RGB"


def test_colours_of_a_profile_are_brought_to_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile in which red and blue have changed places.
    swapped = profile.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    shown = opened(prepare(written(Image.new("RGB", (4, 4), "red"), "PNG", icc_profile=swapped)).data)
    assert "icc_profile" not in shown.info
    assert shown.convert("RGB").getpixel((1, 1)) == (0, 0, 255)


def test_damaged_profile_does_not_cost_the_picture() -> None:
    assert prepare(written(drawing(), "PNG", icc_profile=b"not a profile")).width == 64


def test_same_bytes_give_the_same_hash() -> None:
    data = written(drawing())
    assert prepare(data).content_hash == prepare(data).content_hash
    assert prepare(data).content_hash != prepare(written(drawing(66))).content_hash


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(SVG, "SVG", id="svg"),
        pytest.param(b"%PDF-1.7 no picture", "not a picture", id="pdf"),
        pytest.param(b"\x00\x00\x00\x1cftypheic", "not a picture", id="heic"),
        pytest.param(written(drawing(), "TIFF"), "not a picture", id="tiff"),
        pytest.param(written(drawing(), "BMP"), "not a picture", id="bmp"),
        pytest.param(b"\x00" * (MAX_BYTES + 1), "5 MB", id="over 5 MB"),
        pytest.param(header_of_png(30_000, 30_000), "million pixels", id="bomb beyond Pillow's own limit"),
        pytest.param(header_of_png(10_000, 10_000), "million pixels", id="bomb that Pillow only warns of"),
        pytest.param(header_of_png(5000, 4100), "million pixels", id="bomb below Pillow's limits"),
        pytest.param(header_of_png(50, 50), "damaged", id="header alone"),
        pytest.param(header_of_png(0, 0), "not a picture", id="size of nothing"),
        pytest.param(written(noise(200, 200))[:-5000], "damaged", id="short png"),
        pytest.param(written(noise(200, 200), "JPEG")[:-5000], "damaged", id="short jpeg"),
        pytest.param(written(noise(200, 200), "WEBP")[:-5000], "damaged", id="short webp"),
        pytest.param(written(noise(200, 200), "GIF")[:-5000], "damaged", id="short gif"),
    ],
)
def test_what_mail_cannot_show_is_refused_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(PictureRefused, match=words) as refused:
        prepare(data)
    assert "\n" not in str(refused.value)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_damaged_files_are_refused_or_shown_but_never_crash(kind: str, draw: st.DataObject) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = bytearray(written(drawing(24, 16), kind, **({} if kind == "GIF" else {"exif": exif})))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        prepared = prepare(bytes(data))
    except PictureRefused:
        return
    assert opened(prepared.data).size == (prepared.width, prepared.height)


@pytest.fixture
def database() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
    engine.dispose()


def test_same_picture_is_stored_once(database: Session) -> None:
    first, second = keep(database, written(drawing())), keep(database, written(drawing()))
    assert first is second
    assert database.scalar(select(func.count()).select_from(Picture)) == 1


def test_kept_picture_names_itself_by_what_it_holds(database: Session) -> None:
    data = written(drawing(), "JPEG")
    picture = keep(database, data)
    assert picture.data == prepare(data).data
    assert picture.file_name == f"{prepare(data).content_hash}.jpg"
    assert (picture.width, picture.height) == (64, 40)
