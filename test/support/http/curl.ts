// curl, as the users of the HTTP API have it.
import { execa } from "execa";

export interface Curled {
  /** curl's exit code: 18 for a transfer that broke off. */
  readonly code: number | undefined;
  readonly status: number;
  /** The JSON of the body, or its text where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name, and fail where the name is not there
  readonly body: any;
  /** How many bytes of a body were sent. */
  readonly sent: number;
}

/** Runs curl on these arguments. */
export async function curl(...args: string[]): Promise<Curled> {
  const { stdout, exitCode } = await execa("curl", ["-sS", "-w", "\n%{http_code} %{size_upload}", ...args], {
    reject: false,
  });
  const [, text = "", status, sent] = /^(.*)\n(\d+) (\d+)$/s.exec(stdout) ?? [];
  return { code: exitCode, status: Number(status), sent: Number(sent), body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
