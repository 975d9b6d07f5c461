"""MJML to HTML: what the compiler would do if it were let."""

import subprocess
import sys

import pytest
from mjml import mjml2html

from pulse_mailer.composing.compiling import MAX_DEPTH, compile_mjml
from pulse_mailer.errors import BrokenTemplate


def page(inside: str, head: str = "") -> str:
    return (
        f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>\n<mj-section>\n<mj-column>\n<mj-text>{inside}</mj-text>\n"
        "</mj-column>\n</mj-section>\n</mj-body>\n</mjml>\n"
    )


def test_no_font_is_fetched_from_elsewhere() -> None:
    assert "fonts.googleapis.com" in mjml2html(page("words"))  # what the compiler does by itself
    assert "http" not in compile_mjml(page("words")).replace("http://www.w3.org", "").replace(
        "http-equiv", ""
    )


def test_words_do_not_run_together() -> None:
    inside = "<b>one</b>\n<i>two</i>"

    assert "<b>one</b><i>two</i>" in mjml2html(page(inside))  # what the compiler does by itself
    assert "<b>one</b> <i>two</i>" in compile_mjml(page(inside))


def test_the_doctype_is_written_as_premailer_knows_it() -> None:
    assert compile_mjml(page("words")).startswith("<!DOCTYPE html>")


def test_ordinary_comments_go_and_outlook_s_stay_balanced() -> None:
    html = compile_mjml(page("<!-- note --> words"))

    assert "note" not in html
    assert html.count("<!--[if") == html.count("<![endif]") > 0


def test_deep_nesting_is_refused_before_it_kills_the_process() -> None:
    with pytest.raises(BrokenTemplate, match="nests"):
        compile_mjml(page("<b>" * MAX_DEPTH + "</b>" * MAX_DEPTH))


def test_many_tags_beside_each_other_are_not_deep() -> None:
    assert "<br>" in compile_mjml(page("<br><hr /><img src='x' alt=''>" * MAX_DEPTH)).replace(
        "<br />", "<br>"
    )


@pytest.mark.parametrize(
    ("mjml", "complaint"),
    [
        (page("<b>open"), "cannot be compiled"),
        (page("words").replace("mj-text", "mj-txet"), "did not understand <mj-txet>"),
        ("<mjml><mj-head></mj-head></mjml>", "did not understand the body"),
        ("<div>no mjml</div>", "cannot be compiled"),
        ("", "cannot be compiled"),
        (page("a \x00 b"), "cannot be compiled"),
        (
            page("<mj-include path='/etc/passwd' />", "<mj-include path='/etc/passwd' />"),
            "cannot be compiled",
        ),
    ],
)
def test_broken_mjml_is_refused(mjml: str, complaint: str) -> None:
    with pytest.raises(BrokenTemplate, match=complaint):
        compile_mjml(mjml)


def test_the_place_of_an_error_is_given_as_a_line_though_the_compiler_counts_bytes() -> None:
    mjml = page("words", "<mj-title>" + "Ünïcödé " * 50 + "</mj-title>\n\n\n<mj-unknown></mj-unknown>")
    line = mjml[: mjml.index("<mj-unknown>")].count("\n") + 1

    with pytest.raises(BrokenTemplate, match=rf"at line {line}: '<mj-unknown>"):
        compile_mjml(mjml)


def test_another_package_of_the_same_name_is_noticed_at_once() -> None:
    program = (
        "import sys, types; sys.modules['mjml'] = types.ModuleType('mjml'); "
        "sys.modules['mjml'].mjml2html = lambda mjml: mjml; import pulse_mailer.composing.compiling"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "reinstall 'mjml-python'" in ended.stderr
