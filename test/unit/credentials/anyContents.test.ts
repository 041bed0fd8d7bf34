import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findAddresses } from '../../../src/core/credentials/findAddresses.ts';
import { findLogins } from '../../../src/core/credentials/findLogins.ts';
import { remoteServer } from '../../../src/core/credentials/gitRemotes.ts';
import { fuzzCases } from '../../tools/fuzzCases.ts';
import { home, machine, options } from './fakeMachine.ts';

const paths = [
  '.docker/config.json',
  '.config/containers/auth.json',
  '.config/tea/config.yml',
  '.idpbuilder/config',
  '.config/tea/credentials.json',
  '.config/tea/credentials.json.enc',
];
const mark = 'marked-secret';

/** Something that has the secret, in a form like that of the files or in any other. */
const contents = fc.oneof(
  fc.string().map((text) => `${text}${mark}${text}`),
  fc.json().map((text) => text.replace(/"[^"]*"/, `"${mark}"`)),
  fc
    .record(
      {
        auths: fc.dictionary(
          fc.oneof(fc.constant('gitea.test'), fc.webUrl(), fc.string()),
          fc.record(
            {
              auth: fc.oneof(fc.constant(Buffer.from(`dev:${mark}`).toString('base64')), fc.string(), fc.anything()),
              username: fc.anything(),
              password: fc.constant(mark),
              identitytoken: fc.oneof(fc.constant(mark), fc.constant(undefined)),
            },
            { requiredKeys: [] },
          ),
        ),
        credsStore: fc.oneof(fc.string(), fc.anything()),
        credHelpers: fc.dictionary(fc.string(), fc.anything()),
        logins: fc.array(
          fc.record(
            {
              name: fc.oneof(fc.constant('work'), fc.string()),
              url: fc.oneof(fc.constant('https://gitea.test'), fc.string()),
              token: fc.constant(mark),
              auth_method: fc.constant('oauth'),
            },
            { requiredKeys: ['url'] },
          ),
        ),
        data: fc.dictionary(fc.constantFrom('work', 'x'), fc.oneof(fc.constant(mark), fc.string())),
        registries: fc.record({ gitea: fc.record({ password: fc.constant(mark), url: fc.string() }) }),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? 0 : member))),
);

test('whatever is in the files, there is an answer, and no secret in what is shown of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(contents, contents, contents, contents, contents, contents), async (texts) => {
      const files = Object.fromEntries(paths.map((path, index) => [`${home}/${path}`, texts[index] ?? '']));
      const on = machine({ files });
      const { logins, problems } = await findLogins(on, { origin: 'https://gitea.test' }, options);
      const named = await findAddresses(on, { remotes: texts, images: texts });
      for (const { problem, read } of logins) {
        if (problem !== undefined) await assert.rejects(read({ origin: 'https://gitea.test' }, options));
      }
      // A username or the key of an entry may be any text; the secret is in none of these.
      const shown = [...problems, ...logins.map(({ problem, note }) => `${problem ?? ''}${note ?? ''}`)].join('\n');
      assert.ok(!shown.includes(mark), shown);
      for (const { url } of named) assert.ok(URL.canParse(url), url);
    }),
    { numRuns: fuzzCases() },
  );
});

test('the server of any remote is an address without a user, or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((text) => `git@${text}`),
      ),
      (remote) => {
        const server = remoteServer(remote);
        if (server !== undefined) assert.equal(new URL(server).username, '');
      },
    ),
    { numRuns: fuzzCases() },
  );
});
