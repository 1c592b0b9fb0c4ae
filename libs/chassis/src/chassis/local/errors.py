"""The one failure of local servers."""


class LocalServerError(Exception):
    """A server could not be started; the text is one sentence that says what to do."""
