import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../../tools/unicodeString.ts';
import { fuzzCases } from '../../tools/fuzzCases.ts';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { formatImageReference, parseImageReference } from '../../../src/core/oci/imageReference.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { hasHost } from '../../../src/host/connections/findByHost.ts';

suite('references, whatever is typed', () => {
  const typed = fc.oneof(
    fc.string(),
    unicodeString(),
    fc.string({ unit: fc.constantFrom('a', 'Z', '0', '.', ':', '/', '@', '-', '_', '[', ']', '%', ' ', 'ü') }),
    fc
      .tuple(fc.domain(), fc.nat({ max: 70_000 }), fc.string({ unit: fc.constantFrom('a', '/', '-') }))
      .map(([host, port, path]) => `${host}:${port}/${path}:v1`),
  );

  test('are formatted as they were parsed, or rejected with a sentence', () => {
    fc.assert(
      fc.property(typed, (text) => {
        let reference;
        try {
          reference = parseImageReference(text);
        } catch (error) {
          assert.ok(error instanceof TeaChestError && error.code === 'referenceInvalid', String(error));
          assert.match(error.message, /is not an image reference: .+\.$/s);
          return;
        }
        assert.equal(formatImageReference(reference), text);
        assert.deepEqual(
          parseImageReference(text, (first) => first === reference.registry),
          reference,
        );
      }),
      { numRuns: fuzzCases() },
    );
  });
});

suite('the registry of a reference', () => {
  /** Whatever can be the address of a registry: its host with a port, if any. */
  const spelled = fc
    .tuple(
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((ip) => `[${ip}]`),
        fc.constantFrom(
          'bücher.example',
          'GITEA.Example',
          'gitea_1.local',
          'localhost',
          'xn--bcher-kva.example',
          'テスト.example',
        ),
      ),
      fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
      fc.boolean(),
    )
    .map(([host, port, upper]) => (upper ? host.toUpperCase() : host) + (port === undefined ? '' : `:${port}`));

  test('may be any host of a registry address, in every spelling, and means the same host', () => {
    fc.assert(
      fc.property(spelled, (text) => {
        const { origin, host } = parseRegistryAddress(text);
        const { registry, repository } = parseImageReference(`${text}/team/app:1`, () => true);
        assert.deepEqual([registry, repository], [text, 'team/app']);
        assert.ok(hasHost({ origin, host }, text));
        assert.equal(parseImageReference(`${host}/team/app`, () => true).registry, host);
      }),
      { numRuns: fuzzCases() },
    );
  });

  for (const [text, host] of [
    ['gitea.example:443', 'gitea.example'],
    ['GITEA.example', 'gitea.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example:443', 'xn--bcher-kva.example'],
    ['[2001:DB8:0:0::1]:3000', '[2001:db8::1]:3000'],
  ] as const) {
    test(`${text} is ${host} in every reference that we make`, () => {
      const address = parseRegistryAddress(`https://${text}`);
      assert.equal(address.host, host);
      assert.equal(parseImageReference(`${text}/o/a:1`).registry, text);
      assert.ok(hasHost(address, text));
    });
  }

  test('is no address with a zone, and the error says so', () => {
    for (const text of ['[fe80::1%eth0]/o/a:1', '[fe80::1%25eth0]:3000/o/a:1']) {
      assert.throws(() => parseImageReference(text), { code: 'referenceInvalid', message: /has a zone/ });
    }
  });

  for (const text of ['h.example:/app', 'h.example:65536/app', 'user@h.example/app', 'h..example:x/app', '[::1/app']) {
    test(`is not “${text}”`, () => {
      assert.throws(() => parseImageReference(text), { code: 'referenceInvalid' });
    });
  }
});
