import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import { lenient, parseJsonOrThrow } from '../base/json.ts';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { isTag } from '../oci/imageReference.ts';
import { EventLoopBudget } from './eventLoopBudget.ts';
import type { RelayBackend, RelayedManifest } from './relayBackend.ts';
import { RelayError, SendAgainError } from './relayErrors.ts';
import { RelayUpload } from './relayUpload.ts';
import type { ServedRepository } from './servedRepository.ts';

/**
 * The size that the spec asks registries to accept, and the largest one that podman and skopeo read
 * (containers/image, internal/iolimits). Gitea would store 10 MiB (docs/gitea.md §2).
 */
const maxManifestSize = 4 * 1024 * 1024;
/** An engine has five open uploads, or as many as the image has layers. */
const maxSessions = 512;

/** The push half of the OCI distribution spec for one repository, while one push runs. */
export class RelayRepository implements ServedRepository {
  readonly #name: string;
  readonly #backend: RelayBackend;
  readonly #budget = new EventLoopBudget();
  readonly #sessions = new Map<string, RelayUpload>();
  readonly #manifests = new Map<string, RelayedManifest>();

  constructor(name: string, backend: RelayBackend) {
    this.#name = name;
    this.#backend = backend;
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const [, kind, reference = ''] = /^(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(path) ?? [];
    const method = request.method ?? '';
    if (kind === 'blobs/uploads') {
      if (method === 'POST' && reference === '') await this.#open(request, response, query);
      else await this.#continue(request, response, this.#session(reference), query);
    } else if (kind === 'blobs' && (method === 'HEAD' || method === 'GET')) {
      await this.#blob(method, toDigest(reference), response);
    } else if (kind === 'manifests' && (method === 'HEAD' || method === 'GET')) {
      this.#manifest(method, reference, response);
    } else if (kind === 'manifests' && method === 'PUT') {
      await this.#putManifest(request, response, reference);
    } else {
      throw new RelayError(405, 'UNSUPPORTED', 'This endpoint accepts only the pushes of one container engine.');
    }
  }

  /** Drops all blobs that are still arriving. */
  close(): void {
    for (const session of this.#sessions.values()) session.drop();
    this.#sessions.clear();
  }

  async #open(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const mount = query.get('mount');
    // `from` does not matter: any repository that the engine knows is ours.
    if (mount !== null && isDigest(mount) && (await this.#backend.headBlob(mount)) !== undefined) {
      this.#created(response, mount);
      return;
    }
    if (this.#sessions.size >= maxSessions) throw new RelayError(429, 'TOOMANYREQUESTS', 'Too many uploads are open.');
    const session = new RelayUpload(randomBytes(16).toString('hex'), this.#backend, this.#budget);
    this.#sessions.set(session.id, session);
    const digest = query.get('digest');
    if (digest === null) this.#accepted(response, session, 202);
    else await this.#commit(request, response, session, digest);
  }

  async #continue(
    request: IncomingMessage,
    response: ServerResponse,
    session: RelayUpload,
    query: URLSearchParams,
  ): Promise<void> {
    switch (request.method) {
      case 'PATCH':
        try {
          await session.append(request);
        } catch (error) {
          if (!(error instanceof RelayError && error.status === 416)) this.#sessions.delete(session.id);
          throw error;
        }
        this.#accepted(response, session, 202);
        return;
      case 'PUT':
        await this.#commit(request, response, session, query.get('digest') ?? '');
        return;
      case 'GET':
        this.#accepted(response, session, 204);
        return;
      case 'DELETE':
        this.#sessions.delete(session.id);
        session.drop();
        response.writeHead(204).end();
        return;
      default:
        throw new RelayError(405, 'UNSUPPORTED', 'An upload takes PATCH, PUT, GET and DELETE.');
    }
  }

  /** Reads the rest of a blob and closes its upload. A wrong range leaves the upload unchanged. */
  async #commit(
    request: IncomingMessage,
    response: ServerResponse,
    session: RelayUpload,
    reference: string,
  ): Promise<void> {
    const digest = toDigest(reference);
    try {
      await session.append(request, digest);
      await session.commit(digest);
    } catch (error) {
      if (error instanceof SendAgainError) session.restart();
      else if (!(error instanceof RelayError && error.status === 416)) this.#sessions.delete(session.id);
      throw error;
    }
    this.#sessions.delete(session.id);
    this.#created(response, digest);
  }

  async #blob(method: string, digest: Digest, response: ServerResponse): Promise<void> {
    const bytes = this.#backend.readBlob(digest);
    const size = bytes?.byteLength ?? (await this.#backend.headBlob(digest));
    if (size === undefined) throw new RelayError(404, 'BLOB_UNKNOWN', `The blob ${digest} is not here.`);
    if (method === 'GET' && bytes === undefined) {
      throw new RelayError(405, 'UNSUPPORTED', 'Blobs are relayed and not kept.');
    }
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'docker-content-digest': digest,
    });
    response.end(method === 'GET' ? bytes : undefined);
  }

  #manifest(method: string, reference: string, response: ServerResponse): void {
    const manifest = this.#manifests.get(reference);
    if (manifest === undefined) throw new RelayError(404, 'MANIFEST_UNKNOWN', `The manifest ${reference} is not here.`);
    response.writeHead(200, {
      'content-type': manifest.mediaType,
      'content-length': manifest.bytes.byteLength,
      'docker-content-digest': manifest.digest,
    });
    response.end(method === 'GET' ? manifest.bytes : undefined);
  }

  async #putManifest(request: IncomingMessage, response: ServerResponse, reference: string): Promise<void> {
    if (!isDigest(reference) && !isTag(reference)) {
      throw new RelayError(400, 'MANIFEST_INVALID', `“${reference}” is neither a tag nor a digest.`);
    }
    const bytes = await readWhole(request);
    const digest = digestOf(bytes);
    if (isDigest(reference) && reference !== digest) {
      throw new RelayError(
        400,
        'DIGEST_INVALID',
        `The manifest that arrived hashes to ${digest}, not to ${reference}.`,
      );
    }
    const manifest = { reference, digest, mediaType: mediaTypeOf(request, bytes), bytes };
    await this.#backend.putManifest(manifest);
    this.#manifests.set(reference, manifest).set(digest, manifest);
    response.writeHead(201, {
      location: `/v2/${this.#name}/manifests/${digest}`,
      'docker-content-digest': digest,
      'content-length': 0,
    });
    response.end();
  }

  #session(id: string): RelayUpload {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new RelayError(404, 'BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
    return session;
  }

  #accepted(response: ServerResponse, session: RelayUpload, status: 202 | 204): void {
    response.writeHead(status, {
      location: `/v2/${this.#name}/blobs/uploads/${session.id}`,
      'docker-upload-uuid': session.id,
      range: session.range,
      ...(status === 202 ? { 'content-length': 0 } : {}),
      // The engine may still be sending the body: if we closed the connection, it would be reset and the response lost.
      connection: 'keep-alive',
    });
    response.end();
  }

  #created(response: ServerResponse, digest: Digest): void {
    response.writeHead(201, {
      location: `/v2/${this.#name}/blobs/${digest}`,
      'docker-content-digest': digest,
      'content-length': 0,
    });
    response.end();
  }
}

function toDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RelayError(400, 'DIGEST_INVALID', `“${text}” is not a sha256 digest.`);
}

/** The Content-Type, or else the manifest's own `mediaType`. */
function mediaTypeOf(request: IncomingMessage, bytes: Buffer): string {
  const manifest = parseJsonOrThrow(v.object({ mediaType: lenient(v.string()) }), bytes, notJson);
  const type = request.headers['content-type'] ?? manifest.mediaType;
  if (type !== undefined && type !== '') return type;
  throw new RelayError(400, 'MANIFEST_INVALID', 'The manifest has no media type.');
}

function notJson(): RelayError {
  return new RelayError(400, 'MANIFEST_INVALID', 'What arrived is not a manifest: it is not JSON.');
}

function tooLarge(): RelayError {
  const sentence =
    'The manifest has more than 4 MiB: podman and skopeo could not pull it. Build the image with fewer or shorter annotations.';
  return new RelayError(413, 'SIZE_INVALID', sentence);
}

async function readWhole(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.byteLength;
    if (size > maxManifestSize) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}
