"""``python -m bench.relay DELAY PORT…``: relay to ports of this machine with a simulated round trip.

DELAY is the round-trip time in seconds. The ports that it listens on are printed on one line, in the same
order.
"""

import asyncio
import sys

ADDRESS = "127.0.0.1"
_PART = 64 * 1024


async def _relay(delay: float, ports: list[int]) -> None:
    servers = [await _listen(delay, port) for port in ports]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _listen(delay: float, port: int) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(ADDRESS, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, back, delay / 2), _pump(there, writer, delay / 2))

    return await asyncio.start_server(connected, ADDRESS, 0, backlog=512)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Forward received data, and the end of the stream, after the delay."""
    parts: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop().time

    async def read() -> None:
        part = b"-"
        while part:
            try:
                part = await reader.read(_PART)
            except OSError:
                part = b""
            parts.put_nowait((clock() + delay, part))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, part = await parts.get()
            await asyncio.sleep(max(0, due - clock()))
            if not part:
                break
            writer.write(part)
    except OSError:
        pass
    finally:
        writer.close()
        await reading


if __name__ == "__main__":
    asyncio.run(_relay(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
