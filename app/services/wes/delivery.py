"""Whether the results of a run can come back, asked before anything is sent. Source: ga4gh.md 5."""

from __future__ import annotations

from app.domain.problem import Kind, ProblemError, problem
from app.services.contract import Connection
from app.services.wes.dialect import Delivery
from app.services.wes.node import Node
from app.services.wes.setup import hands_out_signed, has_mapping
from app.services.wes.signing import has_keys
from app.transport.address import is_loopback

_BY_HTTP = "The results come from the service itself, over the network."
_BY_MAPPING = "The results are read from the folder that stands for the disk of the server."
_BY_LOOPBACK = "The results are read from the disk of this computer, on which the server runs."
_BY_SIGNED = "The results come by signed addresses of the service's object store."
_BY_STORE = "The results come from the store, by the keys that were given for it, if they lie in its bucket."
_BY_DRS = "The results come from the service's data repository (DRS)."


def delivery_of(connection: Connection, node: Node) -> str:
    """A sentence on how the results will come; ProblemError (refused) when they cannot."""
    delivery = node.dialect.delivery
    if delivery in {Delivery.HTTP, Delivery.BY_NAME}:
        return _BY_HTTP
    if delivery is Delivery.TOLD and {"http", "https"} & set(node.protocols):
        return _BY_HTTP
    if hands_out_signed(connection):
        return _BY_SIGNED
    if delivery is Delivery.TOLD and "s3" in node.protocols and has_keys(connection):
        return _BY_STORE
    if delivery is Delivery.TOLD and "drs" in node.protocols:
        return _BY_DRS
    if has_mapping(connection):
        return _BY_MAPPING
    if is_loopback(connection.base_url) and delivery is not Delivery.SIGNED:
        return _BY_LOOPBACK
    raise _cannot(node)


def _cannot(node: Node) -> ProblemError:
    stores = [each for each in node.protocols if each in {"s3", "gs", "ftp"}]
    where = "on its own disk"
    if stores and node.dialect.delivery is not Delivery.SIGNED:
        where = f"in a store of its own ({', '.join(stores)}), for which this program has no key"
    return problem(
        Kind.REFUSED,
        "The results could not come back",
        f"A server of the kind {node.dialect.title} leaves results {where}, so nothing was sent",
        "Say in the settings of the service where its disk is seen on this computer, or that its operator "
        "hands results out by signed addresses",
    )
