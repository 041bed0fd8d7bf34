import { readFileSync } from 'node:fs';

/** A recorded request and its response. */
export interface Exchange {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: 'Basic' | 'Bearer' | 'token' | undefined;
  /** In bytes; undefined where the request had no body. */
  readonly bodyLength: number | undefined;
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** Undefined where only the length was recorded. */
    readonly body: string | undefined;
    readonly claims: Readonly<Record<string, unknown>> | undefined;
  };
}

/** Reads a transcript: blocks that start with `### name`, then `> request`, `< answer`, `< body: …`, `  claims …`. */
export function readTranscript(file: URL): Exchange[] {
  const blocks = readFileSync(file, 'utf8').split(/^### /m).slice(1);
  return blocks.map(parseExchange);
}

function parseExchange(block: string): Exchange {
  const [name = '', ...lines] = block.split('\n');
  const request = /^> (\S+) (\S+) (\{.*?\})(?: \[auth (\w+)\])?(?: body=(\d+))?$/m.exec(block);
  const answer = /^< (\d+) (\{.*\})$/m.exec(block);
  if (request === null || answer === null) throw new Error(`cannot read the recorded exchange “${name}”`);
  const body = lines.find((line) => line.startsWith('< body: '))?.slice('< body: '.length) ?? '';
  const claims = lines.find((line) => line.startsWith('  claims '))?.slice('  claims '.length);
  return {
    name,
    method: request[1] ?? '',
    path: request[2] ?? '',
    headers: JSON.parse(request[3] ?? '{}') as Record<string, string>,
    auth: request[4] as Exchange['auth'],
    bodyLength: request[5] === undefined ? undefined : Number(request[5]),
    answer: {
      status: Number(answer[1]),
      headers: JSON.parse(answer[2] ?? '{}') as Record<string, string>,
      body: /^\d+ bytes$/.test(body) ? undefined : body,
      claims: claims === undefined ? undefined : (JSON.parse(claims) as Record<string, unknown>),
    },
  };
}
