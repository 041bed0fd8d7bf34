import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { readPastedAddress } from '../../../../src/host/connections/readPastedAddress.ts';
import { fuzzCases } from '../../../tools/fuzzCases.ts';
import { unicodeString } from '../../../tools/unicodeString.ts';

suite('what is pasted where the address of a registry is asked for', () => {
  for (const [pasted, address] of [
    ['docker login h.example', 'h.example'],
    ['$ docker login -u me -p secret-word h.example:3000\n', 'h.example:3000'],
    ['docker login https://h.example/v2/', 'https://h.example/v2/'],
    ['helm registry login h.example', 'h.example'],
    ['docker push h.example:3000/o/a:1', 'h.example:3000'],
    ['docker tag app:1 h.example/o/a:1 && docker push h.example/o/a:1', 'h.example'],
    ['git@h.example:o/r.git', 'https://h.example'],
    ['ssh://git@h.example:2222/o/r', 'https://h.example'],
    ['git clone https://h.example/o/r.git', 'https://h.example'],
    ['git clone https://me:secret-word@h.example:3000/gitea/o/r', 'https://h.example:3000/gitea'],
    ['git remote add origin git@h.example:o/r', 'https://h.example'],
    ['tea login add --name x --url https://h.example --token secret-word', 'https://h.example'],
    ['oci://h.example/o/a', 'h.example/o/a'],
    ['"https://h.example/"', 'https://h.example/'],
    ['<https://h.example>', 'https://h.example'],
    ['https://h.example/o/-/packages', 'https://h.example/o/-/packages'],
    ['https://me:secret-word@h.example/', 'https://me:secret-word@h.example/'],
    ['a b', 'a b'],
    ['', ''],
  ] as const) {
    test(`${JSON.stringify(pasted)} means ${address}`, () => {
      assert.equal(readPastedAddress(pasted), address);
    });
  }

  const typed = fc.oneof(fc.domain(), unicodeString(30));
  test('a pasted address names a host that stands in the text, and never a user or a password', () => {
    const frames = fc.constantFrom(
      ...[
        '{}',
        'docker login -u {} -p secret-word {}',
        'git clone https://me:secret-word@{}/{}.git',
        'git@{}:{}/r',
        '<{}>',
      ],
      ...[
        'docker push {}',
        'tea login add --url https://{} --token secret-word',
        'oci://{}',
        'git remote add {} ssh://{}/{}',
      ],
    );
    fc.assert(
      fc.property(frames, fc.array(typed, { minLength: 3, maxLength: 3 }), (pattern, texts) => {
        const parts = [...texts];
        const text = pattern.replaceAll('{}', () => parts.shift() ?? 'x');
        const address = addressOf(text);
        if (address === undefined) return;
        assert.ok(!address.webRoot.includes('secret-word'));
        // The parser of URLs writes a host in lower case, in punycode, and numbers as addresses.
        const { hostname } = new URL(address.origin);
        const words = text.split(/[\s/:@"'<>`|;&?#\\()=“”‘’]+/).filter((word) => word !== '');
        const hosts = words.map((word) =>
          URL.canParse(`https://${word}`) ? new URL(`https://${word}`).hostname : word,
        );
        assert.ok(hosts.includes(hostname) || text.toLowerCase().includes(hostname), `${hostname} is not in ${text}`);
      }),
      { numRuns: fuzzCases() },
    );
  });
});

/** Undefined if it is refused. */
function addressOf(text: string): ReturnType<typeof parseRegistryAddress> | undefined {
  try {
    return parseRegistryAddress(readPastedAddress(text));
  } catch (error) {
    assert.ok(error instanceof TeaChestError && error.code === 'urlInvalid', String(error));
    return undefined;
  }
}
