"""Sending a run: files into a store where they cannot come along, then the parts of the run itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.progress import Report
from app.services.border import border
from app.services.contract import Connection, Seal, Submission
from app.services.wes.node import Node
from app.services.wes.order import Order, data_file, make_order
from app.services.wes.setup import auth_headers, crypt_key_of
from app.services.wes.storing import put_files
from app.services.wes.templates import Described
from app.transport.multipart import FilePart, Multipart
from app.transport.reply import Reply
from app.transport.upload import Upload, upload

ATTACHMENT = "workflow_attachment"


async def send_order(
    connection: Connection,
    node: Node,
    described: Described,
    submission: Submission,
    folder: Path,
    report: Report,
    seal: Seal,
) -> Reply:
    """The answer to the run, whatever its status. `folder` takes what is made on the way.

    Files in a store make no run: they may be put there again and again. Only the last bytes of the run
    itself wait for the seal.
    """
    key = crypt_key_of(connection, node.crypt4gh_key)
    order = await asyncio.to_thread(make_order, connection, node, described, submission, encrypted=bool(key))
    if order.stored:
        await put_files(connection, order.stored, key, folder, report)
    attached = order.attached
    if order.sheet:
        attached = (*attached, await asyncio.to_thread(_sheet, order, folder))
    body = Multipart(list(order.fields), [FilePart(ATTACHMENT, each) for each in attached])
    with border(submission.remote_name):
        return await upload(Upload(f"{node.base}/runs", body, auth_headers(connection)), report, seal)


def _sheet(order: Order, folder: Path) -> DataFile:
    path = folder / order.sheet_name
    path.write_text(order.sheet, encoding="utf-8")
    return data_file(path)
