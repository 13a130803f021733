#!/usr/bin/env python3
"""A relay on this machine in front of a server that is far away: it hands on every byte some time after it came.
usage: relay.py PORT SERVER_PORT MILLISECONDS"""

import asyncio
import socket
import sys

PORT, SERVER_PORT, DELAY = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000
PIECE = 1 << 18
# So much may be on its way in each direction of a connection, as TCP's windows allow.
WINDOW = 4 << 20


async def hand_on(reader, writer):
    loop = asyncio.get_running_loop()
    pieces = asyncio.Queue(WINDOW // PIECE * 4)

    async def read():
        while piece := await reader.read(PIECE):
            await pieces.put((loop.time() + DELAY, piece))
        await pieces.put((loop.time() + DELAY, b""))

    async def write():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not piece:
                return writer.close()
            writer.write(piece)
            await writer.drain()

    try:
        await asyncio.gather(read(), write())
    except OSError:
        writer.close()


async def accept(reader, writer):
    # A connection takes a round trip before it is of use.
    await asyncio.sleep(2 * DELAY)
    server_reader, server_writer = await asyncio.open_connection("127.0.0.1", SERVER_PORT, limit=PIECE)
    for one in writer, server_writer:
        one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.gather(hand_on(reader, server_writer), hand_on(server_reader, writer))


async def serve():
    async with await asyncio.start_server(accept, "127.0.0.1", PORT, limit=PIECE) as server:
        await server.serve_forever()


asyncio.run(serve())
