// Thousands of event streams at once, read with as little as possible: what is measured is the server.
import { connect, type Socket } from "node:net";

/**
 * Opens them, a hundred at a time, and resolves when each has been answered with its first event.
 * @param url of the server
 * @param path of the events of each
 * @param each what has come on a stream, beginning with the head of the answer
 */
export async function openManyStreams(
  url: string,
  path: (stream: number) => string,
  count: number,
  each: (stream: number, text: string) => void,
): Promise<AsyncDisposable> {
  const { hostname, port, host } = new URL(url);
  const sockets: Socket[] = [];
  const open = (stream: number) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      sockets.push(socket);
      socket.setEncoding("utf8");
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`the stream ${stream} ended`)));
      socket.on("data", (text: string) => {
        if (text.includes("data: ")) resolve();
        each(stream, text);
      });
      socket.write(`GET ${path(stream)} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
  };
  try {
    for (let start = 0; start < count; start += 100) {
      const numbers = Array.from({ length: Math.min(100, count - start) }, (_, at) => start + at);
      await Promise.all(numbers.map(open));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { [Symbol.asyncDispose]: close };
}
