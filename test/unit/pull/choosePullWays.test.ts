import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePullWays, helpsAnotherWay, type WayFacts } from '../../../src/core/pull/choosePullWays.ts';

const usual: WayFacts = {
  registry: { origin: 'https://gitea.test', host: 'gitea.test', isPinned: false, isLoopback: false },
  needsCredential: true,
  engine: { isConfidential: true, whyNotLocal: undefined },
  description: { isInsecure: false, isRedirected: false },
  relayObstacle: undefined,
};
const insecure = { isInsecure: true, isRedirected: false };
const redirected = { isInsecure: false, isRedirected: true };
const remote = { isConfidential: true, whyNotLocal: 'It is reached by ssh.' };
const http = { ...usual.registry, origin: 'http://gitea.test' };

describe('the ways of a pull', () => {
  const cases: readonly (readonly [string, Partial<WayFacts>, string, RegExp?])[] = [
    ['a registry with a usual certificate', {}, 'engine,relay,archive'],
    ['a remote engine', { engine: remote }, 'engine,archive', /by ssh/],
    ['an endpoint that is not reached', { relayObstacle: 'It did not reach us.' }, 'engine,archive', /did not reach/],
    ['a pinned certificate', { registry: { ...usual.registry, isPinned: true } }, 'relay,archive', /fingerprint/],
    [
      'a registry on this machine',
      { registry: { ...usual.registry, isLoopback: true } },
      'relay,archive',
      /this machine/,
    ],
    ['http that the engine does not allow', { registry: http }, 'relay,archive', /does not allow http/],
    [
      'an engine with mirrors of the registry',
      { description: redirected },
      'relay,archive',
      /would get its credential/,
    ],
    ['the same without a credential', { description: redirected, needsCredential: false }, 'engine,relay,archive'],
    ['http that the engine allows', { registry: http, description: insecure }, 'engine,relay,archive'],
    [
      'http that a remote engine allows',
      { registry: http, description: insecure, engine: remote },
      'archive',
      /by http, and the engine may do that from another network/,
    ],
    [
      'the same without a credential',
      { registry: http, description: insecure, engine: remote, needsCredential: false },
      'engine,archive',
    ],
    [
      'https whose certificate the engine would not check',
      { description: insecure },
      'relay,archive',
      /would not check/,
    ],
    [
      'an engine by tcp without TLS',
      { engine: { isConfidential: false, whyNotLocal: 'It is remote.' } },
      'archive',
      /without TLS, so the credential/,
    ],
    [
      'the same, and a registry that needs no credential',
      { engine: { isConfidential: false, whyNotLocal: 'It is remote.' }, needsCredential: false },
      'engine,archive',
    ],
  ];
  for (const [name, facts, ways, reason] of cases) {
    it(`for ${name}: ${ways}`, () => {
      const chosen = choosePullWays({ ...usual, ...facts });
      assert.equal(chosen.ways.join(), ways);
      if (reason !== undefined) assert.match(chosen.reasons.join(' '), reason);
    });
  }
});

describe('another way', () => {
  const curable = [
    'Get "https://gitea.test/v2/": x509: certificate signed by unknown authority',
    'tls: failed to verify certificate: x509: certificate is valid for a, not b',
    'remote error: tls: bad certificate',
    'http: server gave HTTP response to HTTPS client',
    'dial tcp: lookup gitea.test on 127.0.0.53:53: no such host',
    'dial tcp 10.0.0.1:443: connect: connection refused',
    'dial tcp 10.0.0.1:443: i/o timeout',
    'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'proxyconnect tcp: dial tcp: lookup proxy.test: no such host',
    'pinging container registry gitea.test: Get "https://gitea.test/v2/": dial tcp: connect: no route to host',
  ];
  for (const message of curable) {
    it(`may help against “${message}”`, () => {
      assert.equal(helpsAnotherWay(message), true);
    });
  }
  const others = [
    'manifest unknown: manifest unknown',
    'unauthorized: authentication required',
    'write /var/lib/docker/tmp/GetImageBlob1: no space left on device',
    'failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header',
    'toomanyrequests: too many requests',
  ];
  for (const message of others) {
    it(`does not help against “${message}”`, () => {
      assert.equal(helpsAnotherWay(message), false);
    });
  }
});
