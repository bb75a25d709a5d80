// Writes the lines of a log together: a worker has thousands in a second, and each would be a system call of its own.

export interface GatheredLines {
  /** Takes a line, with its line break. It is written before this turn of the event loop ends, or the process does. */
  write(line: string): void;
  /** Writes what was taken. */
  flush(): void;
}

/** @param writeOut writes to the stream */
export function gatherLines(writeOut: (text: string) => void): GatheredLines {
  let waiting = "";
  const flush = () => {
    if (waiting === "") return;
    process.off("exit", flush);
    const text = waiting;
    waiting = "";
    writeOut(text);
  };
  return {
    write(line) {
      if (waiting === "") {
        setImmediate(flush);
        process.on("exit", flush);
      }
      waiting += line;
    },
    flush,
  };
}
