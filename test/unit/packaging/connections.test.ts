import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { connectorOf } from '../../../src/core/registry/http/connection.ts';
import { projectRoot } from '../../tools/projectPaths.ts';

const rules = /restricted-(?:imports|syntax|globals|properties)$/;
const eslint = new ESLint({
  cwd: projectRoot,
  ruleFilter: ({ ruleId }) => rules.test(ruleId),
  // These rules need no types, and without them no TypeScript program is built.
  overrideConfig: [tseslint.configs.disableTypeChecked],
});

/** What lint says of this text, were it in that file. */
async function refusals(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(projectRoot, file) });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
}

for (const text of [
  "import http from 'node:http';",
  "import { request } from 'https';",
  "import { connect } from 'node:net';",
  "import * as tls from 'node:tls';",
  "import { request } from 'undici';",
  "export const load = () => import('node:https');",
  "export const load = () => require('http');",
  "export const ask = () => fetch('https://a.test');",
  "export const ask = () => globalThis.fetch('https://a.test');",
  "import type { RequestConnection } from '../registry/connection.ts';\nexport const lie = (socket: object) => socket as RequestConnection;",
]) {
  test(`lint rejects every other code that opens connections: ${text}`, async () => {
    assert.equal((await refusals('src/core/push/pushImage.ts', text)).length, 1);
  });
}

test('lint refuses an undici client that opens connections of its own', async () => {
  const text = "import { Agent } from 'undici';\nexport const agent = new Agent({ connections: 1 });";
  assert.deepEqual(await refusals('src/core/registry/http/transport.ts', text), ['no-restricted-syntax']);
});

test('lint allows what opens no connection', async () => {
  const text =
    "import { isIP } from 'node:net';\nimport type { Agent } from 'undici';\nexport type Pair = [typeof isIP, Agent];";
  assert.deepEqual(await refusals('src/core/push/pushImage.ts', text), []);
});

test('undici is given no socket that nobody has judged', () => {
  // @ts-expect-error -- a socket of one's own is no RequestConnection
  assert.ok(connectorOf(() => Promise.resolve(new net.Socket())));
});
