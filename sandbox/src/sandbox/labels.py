"""Labels of parcels."""

import base64

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


def zpl(number: str) -> str:
    """Return a parcel's label."""
    return f"^XA^FO50,50^BY3^BCN,120,Y,N,N^FD{number}^FS^XZ"


def encoded(number: str) -> str:
    """Return a parcel's label as it comes within a JSON answer."""
    return base64.b64encode(zpl(number).encode()).decode()


async def label(request: Request) -> Response:
    """Print a label."""
    return PlainTextResponse(zpl(request.path_params["number"]))
