"""What the setting `rates` may say, and what is made of it."""

import pytest

from pulse_mailer.delivery.limits import PRESETS, UNLIMITED, Limits, read
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import Settings
from tests.conftest import CHECKOUT


def test_nothing_said_limits_nothing() -> None:
    assert read("") == {}
    assert read(" ; ") == {}


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("smtp=30/minute,10000/day", Limits(per_minute=30, per_day=10_000)),
        ("smtp=14/second", Limits(per_second=14)),
        (" smtp = 2 / Second , 100/hour, 3 connections ;", Limits(per_second=2, per_hour=100, connections=3)),
        ("smtp=1 connection", Limits(connections=1)),
        ("smtp=microsoft-365", PRESETS["microsoft-365"].limits),
        ("smtp=Microsoft-365, 2 connections", Limits(per_minute=30, per_day=10_000, connections=2)),
        ("smtp=google-workspace,500/day,1/second", Limits(per_second=1, per_day=500)),
    ],
)
def test_limits_are_read(text: str, limits: Limits) -> None:
    assert read(text) == {"smtp": limits}


def test_each_backend_has_its_own() -> None:
    found = read("smtp=30/minute; memory=14/second; acme.mail:Sender=5/day")
    assert found == {
        "smtp": Limits(per_minute=30),
        "memory": Limits(per_second=14),
        "acme.mail:Sender": Limits(per_day=5),
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("30/minute", "“30/minute” is not NAME=LIMITS."),
        ("smtp=", "“smtp=” is not NAME=LIMITS."),
        ("=30/minute", "“=30/minute” is not NAME=LIMITS."),
        ("smpt=30/minute", "there is no backend “smpt”. Did you mean smtp?"),
        ("smtp=1/day;smtp=2/day", "“smtp” is named twice."),
        ("smtp=30/minute,40/minute", "“smtp” has two limits of one kind, “40/minute” among them."),
        ("smtp=30/week", "“smtp”: “week” is none of second, minute, hour, day."),
        ("smtp=0/day", "“smtp”: “0/day” would let nothing go; a limit is 1 or more."),
        ("smtp=0 connections", "“smtp”: “0 connections” would let nothing go; a limit is 1 or more."),
        ("smtp=-1/day", "“smtp”: “-1/day” is neither a limit nor a preset."),
        ("smtp=1.5/second", "“smtp”: “1.5/second” is neither a limit nor a preset."),
        ("smtp=1/day,", "“smtp”: “” is neither a limit nor a preset."),
        (
            "smtp=microsoft-356",
            "“smtp”: “microsoft-356” is neither a limit nor a preset. Did you mean microsoft-365?",
        ),
        ("smtp=1/day,gmail", "“smtp”: the preset “gmail” must stand first, and alone of its kind."),
        ("smtp=gmail,gmail", "“smtp”: the preset “gmail” must stand first, and alone of its kind."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, what: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read(text)
    assert caught.value.what == f"PULSE_MAILER_RATES: {what}"
    assert "smtp=30/minute,10000/day" in caught.value.remedy


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_reads_as_it_is_written_out(name: str) -> None:
    limits = PRESETS[name].limits
    assert read(f"smtp={limits}") == {"smtp": limits} == read(f"smtp={name}")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_limits_mails_and_names_its_source(name: str) -> None:
    assert PRESETS[name].limits.counts
    assert PRESETS[name].source.startswith("https://")
    assert PRESETS[name].note.endswith(".")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_its_row_in_the_docs(name: str) -> None:
    preset = PRESETS[name]
    star = "*" if preset.quoted else ""
    row = f"| `{name}`{star} | {preset.limits} | {preset.note} | <{preset.source}> |"
    assert row in (CHECKOUT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    assert f"{preset.read_on:%-d %B %Y}" in (CHECKOUT / "docs" / "limits.md").read_text(encoding="utf-8")


def test_the_settings_own_example_can_be_read() -> None:
    example = Settings.model_fields["rates"].description or ""
    written = example.removeprefix("Limits by backend, such as ").partition("; or a preset: ")
    assert read(written[0]) == {"smtp": Limits(per_minute=30, per_day=10_000), "ses": Limits(per_second=14)}
    assert read(written[2].rstrip(".")) == {"smtp": PRESETS["microsoft-365"].limits}


def test_connections_alone_do_not_count_mails() -> None:
    assert not UNLIMITED.counts
    assert not Limits(connections=3).counts


@pytest.mark.parametrize(
    ("limits", "rate"),
    [
        (Limits(per_second=14), 14),
        (Limits(per_minute=30), 0.5),
        (Limits(per_second=14, per_minute=30), 0.5),  # the slower one decides
        (Limits(per_second=1, per_minute=600), 1),
        (Limits(per_second=1000), 951),  # bursts of 50 cost a little
    ],
)
def test_mails_are_spaced_evenly(limits: Limits, rate: float) -> None:
    assert limits.rate == pytest.approx(rate, rel=1e-3)


def test_counted_limits_space_nothing() -> None:
    assert Limits(per_day=500).rate is None
    assert not Limits(per_day=500).spacing
