"""Reading what a server says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.backends.replies import Reply, plain, read_reply


class TestReadReply:
    def test_lines_are_joined_without_their_codes(self) -> None:
        lines = [b"550-5.1.1 The account does", b"550-5.1.1 not exist.", b"550 5.1.1 Learn more"]
        assert read_reply(lines) == Reply(550, "5.1.1", "The account does not exist. Learn more")

    def test_a_code_alone_is_a_reply(self) -> None:
        assert read_reply([b"250"]) == Reply(250, "", "")

    def test_an_enhanced_code_alone_is_one(self) -> None:
        assert read_reply([b"550 5.1.1"]) == Reply(550, "5.1.1", "")

    def test_a_number_that_begins_the_text_is_no_enhanced_code(self) -> None:
        assert read_reply([b"250 2.0.0.1 is my address"]) == Reply(250, "", "2.0.0.1 is my address")

    def test_control_and_direction_characters_are_removed(self) -> None:
        said = read_reply(["550 5.1.1 \x1b[31mred\x00 \u202eright\u202c".encode()])
        assert said.text == "[31mred right"

    def test_bytes_that_are_no_text_are_shown_as_such(self) -> None:
        assert read_reply([b"550 caf\xe9"]).text == "caf\ufffd"

    def test_text_is_cut_at_five_hundred_characters(self) -> None:
        assert len(read_reply([b"550-" + b"x" * 400, b"550 " + b"y" * 400]).text) == 500

    @pytest.mark.parametrize(
        "lines",
        [[], [b""], [b"25"], [b"hello"], [b"099 x"], [b"600 x"], [b"250-a", b"550 b"], [b"250-a", b"x"]],
    )
    def test_what_is_no_reply_is_refused(self, lines: list[bytes]) -> None:
        with pytest.raises(ValueError, match=r"^"):
            read_reply(lines)

    @given(st.lists(st.binary()))
    def test_any_lines_give_a_reply_or_a_value_error(self, lines: list[bytes]) -> None:
        try:
            said = read_reply(lines)
        except ValueError:
            return
        assert 100 <= said.code <= 599
        assert said.text == plain(said.text)


def test_words_put_codes_and_text_together() -> None:
    assert Reply(550, "5.1.1", "No such user").words == "550 5.1.1 No such user"
    assert Reply(250, "", "").words == "250"
