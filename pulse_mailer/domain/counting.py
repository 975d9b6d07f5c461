"""Counts in words, so that one is never "1 people"."""


def counted(count: int, one: str, many: str = "") -> str:
    """
    Give "1 item", "0 items", "1,200 people".

    Args:
        many: the word for any other number than one, where it is not `one` with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def people(count: int) -> str:
    return counted(count, "person", "people")
