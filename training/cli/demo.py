"""`waymark demo`: placeholder."""


def demo() -> None:
    """Tell the whole story on a sample academy."""
