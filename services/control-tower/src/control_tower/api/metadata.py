"""Central metadata over HTTP: read by anybody, changed by who knows the present revision and says why."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel

from canonical.metadata import KINDS, Document, Name, SchemaEntry, Sla
from chassis import Service
from chassis.problems import problem

from control_tower.domain.agreed import refusal
from control_tower.domain.metadata import Author, Change, Superseded
from control_tower.jobs import make
from control_tower.records.metadata import Records

IfMatch = Annotated[str | None, Header(pattern=r'^(W/)?"?[0-9]{1,9}"?$')]


class Body(Author):
    """What a document is to say, by whom, and why."""

    body: dict[str, Any]
    """The body, as its kind wants it."""


class KindOf(BaseModel):
    """One kind of metadata."""

    kind: str
    """Its name."""
    what: str
    """What its documents are."""
    documents: int
    """How many there are, withdrawn ones included."""
    json_schema: dict[str, Any]
    """JSON Schema of their bodies."""


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/metadata", tags=["metadata"])
    records = Records(service.engine)
    _reading(routes, records)
    _changing(routes, service, records)
    return routes


def _reading(routes: APIRouter, records: Records) -> None:
    @routes.get("")
    async def kinds() -> list[KindOf]:
        """Return the kinds of metadata."""
        counts = await records.counts()
        return [
            KindOf(
                kind=kind,
                what=" ".join((model.__doc__ or "").split()),
                documents=counts.get(kind, 0),
                json_schema=model.model_json_schema(),
            )
            for kind, model in KINDS.items()
        ]

    @routes.get("/{kind}")
    async def documents(kind: str, *, withdrawn: bool = False) -> list[Document]:
        """Return the documents of a kind as they are."""
        _known(kind)
        return [one for one in await records.current(kind) if withdrawn or one.body is not None]

    @routes.get("/{kind}/{name}")
    async def document(kind: str, name: Name, response: Response) -> Document:
        """Return a document as it is; its ETag is the revision to name when changing it."""
        _known(kind)
        found = await records.one(kind, name)
        if found is None:
            raise HTTPException(404, f"there is no {kind} {name}")
        response.headers["etag"] = f'"{found.revision}"'
        return found

    @routes.get("/{kind}/{name}/history")
    async def history(kind: str, name: Name) -> list[Document]:
        """Return every revision of a document: what it said, who changed it, why and when."""
        _known(kind)
        return await records.history(kind, name)


def _changing(routes: APIRouter, service: Service, records: Records) -> None:
    @routes.put("/{kind}/{name}", response_model=Document)
    async def put(kind: str, name: Name, wish: Body, if_match: IfMatch = None) -> Document | Response:
        """Make a document, or change the revision named by `If-Match`."""
        body = _writable(kind, name)(**wish.body)
        if isinstance(body, Sla) and (why := refusal(body)):
            raise HTTPException(422, why)
        return await _make(kind, name, body.model_dump(mode="json"), wish, if_match)

    @routes.post("/{kind}/{name}/withdraw", response_model=Document)
    async def withdraw(kind: str, name: Name, author: Author, if_match: IfMatch = None) -> Document | Response:
        """Have a document say nothing any more; its history stays."""
        _writable(kind, name)
        return await _make(kind, name, None, author, if_match)

    async def _make(
        kind: str, name: str, body: dict[str, Any] | None, author: Author, if_match: str | None
    ) -> Document | Response:
        expected = int(if_match.removeprefix("W/").strip('"')) if if_match else None
        wish = Change(kind=kind, name=name, body=body, expected=expected, actor=author.actor, reason=author.reason)
        try:
            await make(service, wish)
        except Superseded as late:
            return _conflict(late, expected)
        made = await records.history(kind, name)
        return next(one for one in made if one.revision == (expected or 0) + 1)


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise HTTPException(404, f"there is no kind {kind}: choose from {', '.join(KINDS)}")


def _writable(kind: str, name: str) -> Any:  # noqa: ANN401  the kind's model
    _known(kind)
    if kind == SchemaEntry.kind:
        raise HTTPException(403, f"{name} is registered from the catalogue of a release: change the event there")
    return KINDS[kind]


def _conflict(late: Superseded, expected: int | None) -> Response:
    """Return 409 to who named no revision of a document that is there, else 412."""
    told = {"revision", "actor", "reason", "changed_at"}
    current = late.current.model_dump(mode="json", include=told) if late.current else None
    status, title = (409, "It is there already") if expected is None else (412, "Changed meanwhile")
    return problem(status, title, str(late), current=current)
