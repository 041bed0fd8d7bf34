import * as l10n from '@vscode/l10n';
import type Docker from 'dockerode';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, parseJson } from '../../base/json.ts';
import type { CallOptions } from '../../ports/callOptions.ts';
import type {
  EngineDescription,
  EnginePuller,
  EnginePullOptions,
  EnginePullStep,
  PullName,
} from '../../ports/enginePuller.ts';
import type { EngineImageName } from '../../ports/enginePusher.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import { podmanPrefix } from '../images/listEngineImages.ts';
import type { EngineEndpoint, EngineVersion } from '../types.ts';
import type { DockerHttp } from './dockerHttp.ts';
import type { DockerPusher } from './dockerPusher.ts';
import { dial } from './imageRequests.ts';
import { isInsecureForDocker, registryForPodman } from './insecureRegistries.ts';
import { jsonLines } from './jsonLines.ts';
import { whyNoPush } from './pushFromEndpoint.ts';

const text = lenient(v.string());
const amount = lenient(v.number());

/** A line of the answer to a pull or a load (moby, pkg/jsonmessage). */
const answerLine = v.object({
  ...{ id: text, status: text, error: text },
  errorDetail: lenient(v.object({ message: text })),
  progressDetail: lenient(v.object({ current: amount, total: amount })),
});

/** API 1.42 is that of Docker 23, whose archive package unpacks zstd (moby#41759 came after 20.10). */
const zstdSince = 42;

interface DockerPullerParts {
  readonly endpoint: EngineEndpoint;
  readonly pusher: DockerPusher;
  readonly version: (call: CallOptions) => Promise<EngineVersion>;
  readonly inspect: EnginePuller['inspect'];
  /** `timeoutMs`: by default the one of all calls. `prefix`: by default that of docker's API. */
  readonly call: <T>(
    signal: AbortSignal,
    use: (docker: Docker, http: DockerHttp) => Promise<T>,
    timeoutMs?: number,
    prefix?: string,
  ) => Promise<T>;
  readonly explain: (error: unknown, signal: AbortSignal) => TeaChestError;
}

/** The calls by which an engine pulls an image, or is given one. `Engine.puller()` creates it; errors as there. */
export class DockerPuller implements EnginePuller {
  readonly isConfidential: boolean;
  readonly local: DockerPusher | undefined;
  readonly whyNotLocal: string | undefined;
  readonly #parts: DockerPullerParts;

  constructor(parts: DockerPullerParts) {
    const { address } = parts.endpoint;
    this.#parts = parts;
    this.isConfidential = address.kind !== 'tcp' || address.tls?.verify === true;
    this.whyNotLocal = whyNoPush(parts.endpoint);
    this.local = this.whyNotLocal === undefined ? parts.pusher : undefined;
  }

  async describe(host: string, call: CallOptions): Promise<EngineDescription> {
    const { product, version, api, platform } = await this.#parts.version(call);
    return {
      name: `${product} ${version.split('+')[0] ?? ''}`.trim(),
      platform: platform ?? { os: 'linux', architecture: 'amd64' },
      store: product === 'Podman' ? 'classic' : await this.#parts.pusher.store(call),
      readsZstd: product === 'Podman' || Number(api.split('.')[1]) >= zstdSince,
      ...(await this.#registry(product, host, call)),
    };
  }

  inspect(image: string, call: CallOptions): Promise<ImageDetails> {
    return this.#parts.inspect(image, call);
  }

  async *pull(
    { repository, reference }: PullName,
    { signal: outer, credential, platform }: EnginePullOptions,
  ): AsyncGenerator<EnginePullStep, void, void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const auth = credential && {
      username: credential.username,
      password: credential.secret,
      serveraddress: repository.slice(0, repository.indexOf('/')),
    };
    const query = { fromImage: repository, tag: reference, ...(platform !== undefined && { platform }) };
    try {
      // No timeout: between two lines an engine may unpack a large layer.
      const stream = await this.#parts.call(signal, (docker) => docker.createImage(auth, query), Infinity);
      for await (const line of jsonLines(stream as AsyncIterable<Buffer>)) {
        const step = readStep(line, 'pull');
        if (step !== undefined) yield step;
      }
    } catch (error) {
      throw this.#parts.explain(error, signal);
    } finally {
      stop.abort();
    }
  }

  async load(archive: AsyncIterable<Uint8Array>, { signal }: CallOptions): Promise<void> {
    let failure: Error | undefined;
    const body = rethrown(archive, (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    try {
      const load = (docker: Docker): Promise<NodeJS.ReadableStream> =>
        docker.loadImage(body as unknown as NodeJS.ReadableStream, { quiet: true });
      const stream = await this.#parts.call(signal, load, Infinity);
      for await (const line of jsonLines(stream as AsyncIterable<Buffer>)) readStep(line, 'load');
    } catch (error) {
      // What broke the archive is the reason, and not what became of the request.
      if (failure !== undefined && !signal.aborted) throw failure;
      throw this.#parts.explain(error, signal);
    }
  }

  tag(image: string, name: EngineImageName, call: CallOptions): Promise<void> {
    return this.#parts.pusher.tag(image, name, call);
  }

  async untag(name: string, { signal }: CallOptions): Promise<void> {
    const remove = { noprune: true, force: false };
    await this.#parts.call<unknown>(signal, (docker) => docker.getImage(name).remove(remove));
  }

  async #registry(
    product: EngineVersion['product'],
    host: string,
    { signal }: CallOptions,
  ): Promise<Pick<EngineDescription, 'isInsecure' | 'isRedirected'>> {
    const { call } = this.#parts;
    if (product === 'Docker') {
      const info = await call<unknown>(signal, (docker) => docker.info());
      // Docker has mirrors for Docker Hub alone, which get no credential.
      return { isInsecure: await isInsecureForDocker(info, host), isRedirected: false };
    }
    const ask = (_docker: Docker, http: DockerHttp): Promise<unknown> => dial(http, '/libpod/info', {});
    return registryForPodman(await call(signal, ask, undefined, podmanPrefix), host);
  }
}

/** The same items; an error of theirs is reported before it ends the request that sends them. */
async function* rethrown<T>(items: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T, void, void> {
  try {
    yield* items;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** By the status of a line; podman uses docker's (pkg/api/handlers/compat/images.go). */
const states: ReadonlyMap<string, EnginePullStep['state']> = new Map([
  ['Pulling fs layer', 'waiting'],
  ['Waiting', 'waiting'],
  ['Downloading', 'downloading'],
  ['Verifying Checksum', 'downloaded'],
  ['Download complete', 'downloaded'],
  ['Extracting', 'unpacking'],
  ['Pull complete', 'done'],
  ['Already exists', 'exists'],
]);

/** Undefined for a line that is not about the state of a layer. */
function readStep(line: string, verb: 'pull' | 'load'): EnginePullStep | undefined {
  // A line that the end of the connection cut off is not JSON; the connection reports that itself.
  const { id, status, error, errorDetail, progressDetail } = parseJson(answerLine, line) ?? {};
  const message = errorDetail?.message ?? error;
  if (message !== undefined) {
    const sentence =
      verb === 'pull'
        ? l10n.t`The container engine could not pull the image: ${message}`
        : l10n.t`The container engine could not load the image: ${message}`;
    throw new TeaChestError('engineFailed', sentence, { facts: { message } });
  }
  const state = states.get(status ?? '');
  if (id === undefined || state === undefined) return undefined;
  return { id, state, current: progressDetail?.current, total: progressDetail?.total };
}
