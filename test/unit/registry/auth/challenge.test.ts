import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from '../../../../src/core/registry/auth/challenge.ts';

const bearer = 'Bearer realm="https://h/v2/token",service="container_registry",scope="*"';
const bearerRead = {
  scheme: 'bearer',
  parameters: { realm: 'https://h/v2/token', service: 'container_registry', scope: '*' },
};
const basic = 'Basic realm="Gitea Container Registry"';
const basicRead = { scheme: 'basic', parameters: { realm: 'Gitea Container Registry' } };

const parse = (value: string | string[]): unknown => parseChallenges({ 'www-authenticate': value });

test('a single challenge is read with all its parameters', () => {
  assert.deepEqual(parse(bearer), [bearerRead]);
});

test('two challenges in one header are distinguished (Gitea 1.26.0, Forgejo 14.0.3)', () => {
  assert.deepEqual(parse(`${bearer}, ${basic}`), [bearerRead, basicRead]);
  assert.deepEqual(parse(`${basic},${bearer}`), [basicRead, bearerRead]);
});

test('two headers are read like one', () => {
  assert.deepEqual(parse([bearer, basic]), [bearerRead, basicRead]);
});

test('commas, equal signs and escaped quotes inside a quoted value belong to the value', () => {
  assert.deepEqual(parse(String.raw`Bearer scope="repository:a/b:pull,push",x="a=\"b\", Basic realm=c", y=z`), [
    { scheme: 'bearer', parameters: { scope: 'repository:a/b:pull,push', x: 'a="b", Basic realm=c', y: 'z' } },
  ]);
});

test('names are read in any case, with spaces around the equal sign', () => {
  assert.deepEqual(parse('BEARER Realm = "x" , SERVICE=y'), [
    { scheme: 'bearer', parameters: { realm: 'x', service: 'y' } },
  ]);
});

test('a scheme with a token instead of parameters does not hide the next challenge', () => {
  assert.deepEqual(parse(`Negotiate YIIBhg==, ${basic}`), [{ scheme: 'negotiate', parameters: {} }, basicRead]);
});

test('a scheme alone is a challenge, and no header is none', () => {
  assert.deepEqual(parse('Basic'), [{ scheme: 'basic', parameters: {} }]);
  assert.deepEqual(parseChallenges({}), []);
});

test('what cannot be read is passed over', () => {
  assert.deepEqual(parse(`"rubbish", =, ${basic}`), [basicRead]);
});
