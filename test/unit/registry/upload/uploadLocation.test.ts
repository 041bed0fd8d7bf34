import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegistryResponse } from '../../../../src/core/registry/http/httpTypes.ts';
import { uploadLocation } from '../../../../src/core/registry/upload/uploadLocation.ts';

const origin = 'https://gitea.example.com';
const response = (location?: string): RegistryResponse => ({
  status: 202,
  headers: location === undefined ? {} : { location },
  body: Buffer.alloc(0),
  url: new URL(`${origin}/v2/a/b/blobs/uploads/`),
});

test('a path is resolved against the configured origin (Gitea)', () => {
  assert.equal(uploadLocation(response('/v2/a/b/blobs/uploads/x'), origin).href, `${origin}/v2/a/b/blobs/uploads/x`);
});

test('a whole URL keeps its query (distribution’s _state)', () => {
  const location = `${origin}/v2/a/b/blobs/uploads/x?_state=q%3D-_w`;
  assert.equal(uploadLocation(response(location), origin).href, location);
});

test('http and an inner port, written by a registry behind a proxy, are replaced by the configured origin', () => {
  const location = 'http://gitea.example.com:5000/v2/a/b/blobs/uploads/x?_state=y';
  assert.equal(uploadLocation(response(location), origin).href, `${origin}/v2/a/b/blobs/uploads/x?_state=y`);
});

test('another host is refused', () => {
  assert.throws(() => uploadLocation(response('https://evil.example.net/x'), origin), {
    code: 'registryRefused',
    message: /evil\.example\.net/,
  });
});

test('no Location: the current address stays, and without one it is an error', () => {
  const current = new URL(`${origin}/v2/a/b/blobs/uploads/x`);
  assert.equal(uploadLocation(response(), origin, current), current);
  assert.throws(() => uploadLocation(response(), origin), { code: 'registryRefused' });
});
