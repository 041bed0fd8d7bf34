import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type Docker from 'dockerode';
import fc from 'fast-check';
import { discoverEndpoint } from '../../src/core/docker/endpoint/discoverEndpoint.ts';
import { DockerPusher } from '../../src/core/docker/client/dockerPusher.ts';
import type { EnginePushStep } from '../../src/core/ports/enginePusher.ts';
import { parseEvents } from '../../src/core/docker/images/imageEvents.ts';
import { toImageDetails } from '../../src/core/docker/images/imageRecords.ts';
import { countContainers, mergeListed, toListedImage } from '../../src/core/docker/images/listedImages.ts';
import { LegacyLayerIds } from '../../src/core/docker/archive/legacyLayerIds.ts';
import type { HostEnvironment } from '../../src/core/docker/endpoint/hostEnvironment.ts';
import { ResponseDecoder } from '../../src/core/docker/client/responseDecoder.ts';
import type { EngineEvent } from '../../src/core/docker/types.ts';
import { isDigest } from '../../src/core/oci/digest.ts';
import { toTeaChestError } from '../../src/core/base/errors.ts';
import { cut, holds, cutPositions, resultOrError, someText } from './support.ts';

const lines = (line: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.array(line, { maxLength: 20 }).map((all) => Buffer.from(all.join('\n')));

describe('the engine’s events', () => {
  const event = fc.record({ Action: fc.string(), Actor: fc.record({ ID: fc.string() }) });

  it('come as they were sent, however the stream is cut', async () => {
    await holds(fc.tuple(fc.array(event, { maxLength: 20 }), cutPositions), async ([events, at]) => {
      const bytes = Buffer.from(events.map((one) => `${JSON.stringify(one)}\n`).join(''));
      const found: EngineEvent[] = [];
      for await (const one of parseEvents(cut(bytes, at))) found.push(one);
      const wanted = events.map(({ Action, Actor }) => ({ action: Action, image: Actor.ID }));
      assert.deepEqual(found, wanted);
    });
  });

  it('of any other shape are a text or a clear error', async () => {
    const odd = fc.oneof(someText, fc.json({ maxDepth: 3 }), oddRecord(['Action', 'status', 'id', 'Actor']));
    await holds(fc.tuple(lines(odd), cutPositions), async ([bytes, at]) => {
      await resultOrError(async () => {
        for await (const { action, image } of parseEvents(cut(bytes, at))) {
          assert.equal(typeof action, 'string');
          assert(image === undefined || typeof image === 'string');
        }
      });
    });
  });
});

describe('what an engine says while it pushes', () => {
  const step = oddRecord(['id', 'status', 'error', 'errorDetail', 'progressDetail', 'current', 'total', 'message']);

  it('is steps of a known shape or a clear error', async () => {
    await holds(fc.tuple(lines(fc.oneof(someText, step)), cutPositions), async ([bytes, at]) => {
      const image = { push: () => Promise.resolve(cut(bytes, at)) };
      const docker = { getImage: () => image } as unknown as Docker;
      const pusher = new DockerPusher(
        { id: 'fuzz', isolation: undefined },
        async (_signal, use) => await use(docker),
        (error) => toTeaChestError(error),
      );
      const { signal } = new AbortController();
      await resultOrError(async () => {
        for await (const found of pusher.push(
          { repository: 'r', tag: 't' },
          { username: '', secret: '' },
          { signal },
        )) {
          assertStep(found);
        }
      });
    });
  });
});

function assertStep({ id, status, current, total }: EnginePushStep): void {
  assert(id === undefined || typeof id === 'string', 'id');
  assert.equal(typeof status, 'string');
  for (const size of [current, total]) assert(size === undefined || typeof size === 'number', 'a size');
}

describe('an engine’s answer', () => {
  const body = fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes));
  const form = fc.constantFrom('chunked', 'length', 'end');

  it('gives its body, whatever its form and however it is cut', async () => {
    await holds(
      fc.tuple(body, form, cutPositions, fc.array(fc.integer({ min: 1, max: 900 }))),
      async ([bytes, how, at, sizes]) => {
        const parts: Buffer[] = [];
        const decoder = new ResponseDecoder((part) => parts.push(Buffer.from(part)));
        for await (const piece of cut(answerOf(bytes, how, sizes), at)) decoder.push(piece);
        assert.deepEqual(Buffer.concat(parts), bytes);
        assert.equal(decoder.isComplete(true), true);
        assert.equal(decoder.status, 200);
      },
    );
  });

  it('that is none is an error, and holds little memory', async () => {
    await holds(
      fc.tuple(
        fc.oneof(
          body,
          body.map((bytes) => Buffer.concat([Buffer.from('HTTP/1.1 '), bytes])),
        ),
        cutPositions,
      ),
      async ([bytes, at]) => {
        let shown = 0;
        const decoder = new ResponseDecoder((part) => (shown += part.byteLength));
        try {
          for await (const piece of cut(bytes, at)) decoder.push(piece);
        } catch (error) {
          assert(error instanceof Error && /HTTP|length/.test(error.message), String(error));
        }
        assert(shown <= bytes.byteLength);
      },
    );
  });
});

function answerOf(body: Buffer, form: string, sizes: readonly number[]): Buffer {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\n';
  if (form === 'end') return Buffer.concat([Buffer.from(`${head}\r\n`), body]);
  if (form === 'length') return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.byteLength}\r\n\r\n`), body]);
  const parts: Buffer[] = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0, turn = 0; at < body.byteLength; turn++) {
    const part = body.subarray(at, at + (sizes[turn % Math.max(1, sizes.length)] ?? 700));
    parts.push(Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.byteLength;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

describe('what an engine says of its images', () => {
  it('is a record of a known shape or a clear error', async () => {
    const listed = oddRecord(['Id', 'RepoTags', 'Size', 'Created', 'Containers', 'RepoDigests']);
    const inspected = oddRecord([
      'Id',
      'RepoTags',
      'Size',
      'Created',
      'Os',
      'Architecture',
      'Variant',
      'RootFS',
      'Layers',
      'Descriptor',
    ]);
    await holds(fc.tuple(listed, inspected), async ([one, other]) => {
      const image = toListedImage(JSON.parse(one));
      if (!('unusable' in image)) {
        assert(isDigest(image.id) || image.obstacle !== undefined);
        assert(mergeListed([image, image]).every(({ references }) => new Set(references).size === references.length));
      }
      countContainers(JSON.parse(one));
      const details = await resultOrError(() => toImageDetails(JSON.parse(other)));
      if (!(details instanceof Error)) assert(details.diffIds.every(isDigest));
    });
  });

  it('of a layer’s folder is a hint for a layer of the image, or none', async () => {
    const diffIds = ['a', 'b', 'c'].map(
      (text): `sha256:${string}` => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    );
    await holds(fc.tuple(fc.string(), fc.jsonValue(), fc.nat(3)), ([id, json, count]) => {
      const images = [{ diffIds: diffIds.slice(0, count), createdAt: undefined }];
      const found = new LegacyLayerIds(images).diffId(id, JSON.stringify(json));
      assert(found === undefined || diffIds.includes(found));
    });
  });
});

describe('docker’s own configuration', () => {
  const config = fc.oneof(
    someText.map((text) => Buffer.from(text)),
    someText.map((text) => Buffer.from(`\uFEFF${text}`, 'utf16le')),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    oddRecord(['currentContext', 'auths']).map((text) => Buffer.from(text)),
  );

  it('gives the usual engine where it names no context, however broken it is', async () => {
    await holds(config, async (bytes) => {
      const found = await resultOrError(() =>
        discoverEndpoint({}, machineWith(new Map([['/home/dev/.docker/config.json', bytes]]))),
      );
      if (found instanceof Error)
        assert(found.code === 'engineEndpointInvalid' && found.message.includes('context'), found.message);
      else assert.equal(found.url, 'unix:///var/run/docker.sock');
    });
  });

  it('of a context gives its endpoint or a clear error', async () => {
    const meta = fc.oneof(
      config,
      oddRecord(['Endpoints', 'docker', 'Host', 'SkipTLSVerify']).map((text) => Buffer.from(text)),
    );
    const id = createHash('sha256').update('mine').digest('hex');
    await holds(meta, async (bytes) => {
      const files = new Map([
        ['/home/dev/.docker/config.json', Buffer.from('{"currentContext":"mine"}')],
        [`/home/dev/.docker/contexts/meta/${id}/meta.json`, bytes],
      ]);
      const found = await resultOrError(() => discoverEndpoint({}, machineWith(files)));
      if (found instanceof Error) assert.equal(found.code, 'engineEndpointInvalid');
    });
  });
});

function machineWith(files: ReadonlyMap<string, Buffer>): HostEnvironment {
  return {
    ...{ env: {}, platform: 'linux', home: '/home/dev', uid: 1000 },
    readFile: (path) => Promise.resolve(files.get(path)),
    listFolder: () => Promise.resolve([]),
    realPath: () => Promise.resolve(undefined),
    probe: (path) => Promise.resolve(path === '/var/run/docker.sock' ? 'usable' : 'missing'),
  };
}

/** A JSON object with some of these members, of the right or of any other type, one inside the other. */
function oddRecord(names: readonly string[]): fc.Arbitrary<string> {
  const text = fc.oneof(
    fc.string(),
    fc.constant(`sha256:${'a'.repeat(64)}`),
    fc.constantFrom(
      'unix:///run/x.sock',
      'tcp://h:1',
      'ssh://u@h',
      'npipe:////./pipe/x',
      '2026-11-24T10:50:24Z',
      '<none>:<none>',
    ),
  );
  const { value } = fc.letrec<{ value: unknown; record: Record<string, unknown> }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, text, fc.double(), fc.constant(null), fc.boolean(), fc.array(text), tie('record')),
    record: fc.dictionary(fc.constantFrom(...names), tie('value')),
  }));
  const record = fc.dictionary(fc.constantFrom(...names), value);
  return record.map((one) => JSON.stringify(one));
}
