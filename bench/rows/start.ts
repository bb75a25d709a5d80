// How long the binary takes to start, against node itself.
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";
import { binary } from "../stevedore.js";

const rounds = 15;

export async function measureStart(): Promise<Row[]> {
  const measured = await inTurn(
    rounds,
    () => timed(() => shell(`${process.execPath} ${binary} --version`)),
    () => timed(() => shell(`${process.execPath} -e 0`)),
  );
  return [
    {
      what: "stevedore --version",
      against: "node -e 0",
      on: `${rounds} starts`,
      ...measured,
      unit: "ms",
      value: measured.ours - measured.peer,
      target: { atMost: 120 },
    },
  ];
}
