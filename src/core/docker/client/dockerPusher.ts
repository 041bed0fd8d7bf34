import * as l10n from '@vscode/l10n';
import type { CallOptions } from '../../ports/callOptions.ts';
import type { EngineImageName, EnginePushOptions, EnginePushStep, EnginePusher } from '../../ports/enginePusher.ts';
import type Docker from 'dockerode';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, parseJson, readValue } from '../../base/json.ts';
import type { Digest } from '../../oci/digest.ts';
import { readHistory } from '../images/imageHistory.ts';
import { references } from '../images/imageRecords.ts';
import { jsonLines } from './jsonLines.ts';

const taggedImage = v.object({ RepoTags: references });
const engineInfo = v.object({ DriverStatus: v.optional(v.unknown()) });

const text = lenient(v.string());
const flag = lenient(v.boolean());
const amount = lenient(v.number());

/** A line of a push's answer (moby, pkg/jsonmessage); `aux`: api/types/auxprogress. */
const pushStep = v.object({
  ...{ id: text, status: text, error: text },
  errorDetail: lenient(v.object({ message: text })),
  progressDetail: lenient(v.object({ current: amount, total: amount })),
  aux: lenient(
    v.object({
      ...{ manifestPushedInsteadOfIndex: flag, contentMissing: flag },
      selectedManifest: lenient(
        v.object({
          digest: text,
          platform: lenient(v.object({ os: text, architecture: text, variant: text })),
        }),
      ),
    }),
  ),
});

type PushStep = v.InferOutput<typeof pushStep>;

/** `timeoutMs`: by default the one of all calls. */
type Call = <T>(signal: AbortSignal, use: (docker: Docker) => Promise<T>, timeoutMs?: number) => Promise<T>;

type Explain = (error: unknown, signal: AbortSignal) => TeaChestError;

/** The calls by which an engine pushes an image itself. `Engine.pusher()` creates it; errors as there. */
export class DockerPusher implements EnginePusher {
  /** The engine's endpoint: identifies it across restarts. */
  readonly id: string;
  readonly isolation: string | undefined;
  readonly #call: Call;
  readonly #explain: Explain;
  #store: 'classic' | 'containerd' | undefined;

  constructor({ id, isolation }: Pick<EnginePusher, 'id' | 'isolation'>, call: Call, explain: Explain) {
    this.id = id;
    this.isolation = isolation;
    this.#call = call;
    this.#explain = explain;
  }

  /**
   * Which of docker's two image stores the engine has. Its answer is kept; calls at the same time share no request, because
   * the cancel of one push must not end another.
   */
  async store({ signal }: CallOptions): Promise<'classic' | 'containerd'> {
    const store = this.#store ?? (await this.#askStore(signal));
    this.#store = store;
    return store;
  }

  /** Bytes of the files of each layer, base first; zero for build steps without a layer. */
  async historySizes(image: Digest, { signal }: CallOptions): Promise<readonly number[]> {
    const history = await this.#call<unknown>(signal, (docker) => docker.getImage(image).history());
    return readHistory(history).map(({ size }) => size);
  }

  /** Adds a name to an image, given by ID or name. Another image of that name loses it. */
  async tag(image: string, { repository, tag }: EngineImageName, { signal }: CallOptions): Promise<void> {
    await this.#call(signal, (docker) => docker.getImage(image).tag({ repo: repository, tag }));
  }

  /** Removes a name. The engine removes an image with its last name. */
  async untag({ repository, tag }: EngineImageName, { signal }: CallOptions): Promise<void> {
    const remove = { noprune: true, force: false };
    await this.#call<unknown>(signal, (docker) => docker.getImage(`${repository}:${tag}`).remove(remove));
  }

  /** A pull of an image that does not exist. */
  async sendProbe(
    { repository, tag }: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    { signal }: CallOptions,
  ): Promise<void> {
    const authconfig = { username: credential.username, password: credential.secret };
    const pull = (docker: Docker): Promise<NodeJS.ReadableStream> =>
      docker.createImage(authconfig, { fromImage: repository, tag });
    const stream = await this.#call(signal, pull);
    for await (const line of jsonLines(stream as AsyncIterable<Buffer>)) readStep(line);
  }

  /** Every name of every image: `repository:tag`. */
  async listTags({ signal }: CallOptions): Promise<readonly string[]> {
    const images = await this.#call<unknown>(signal, (docker) => docker.listImages());
    return (readValue(v.array(lenient(taggedImage)), images) ?? []).flatMap((image) => image?.RepoTags ?? []);
  }

  /** Pushes, and yields progress; throws `engineFailed` with the engine's message. Leaving the loop stops the push. */
  async *push(
    { repository, tag }: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    { signal: outer, platform }: EnginePushOptions,
  ): AsyncGenerator<EnginePushStep, void, void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const authconfig = { username: credential.username, password: credential.secret };
    const only = platform === undefined ? {} : { platform: JSON.stringify(platform) };
    try {
      // No timeout: the relay's endpoint sees whether the engine hangs.
      const push = (docker: Docker): Promise<unknown> => docker.getImage(repository).push({ tag, authconfig, ...only });
      const stream = await this.#call(signal, push, Infinity);
      for await (const line of jsonLines(stream as AsyncIterable<Buffer>)) yield readStep(line);
    } catch (error) {
      throw this.#explain(error, signal);
    } finally {
      stop.abort();
    }
  }

  async #askStore(signal: AbortSignal): Promise<'classic' | 'containerd'> {
    const info = readValue(engineInfo, await this.#call<unknown>(signal, (docker) => docker.info()));
    return JSON.stringify(info?.DriverStatus ?? '').includes('io.containerd.snapshotter') ? 'containerd' : 'classic';
  }
}

function readStep(line: string): EnginePushStep {
  // A line that the end of the connection cut off is not JSON; the connection reports that itself.
  const step: PushStep = parseJson(pushStep, line) ?? {};
  const message = step.errorDetail?.message ?? step.error;
  if (message !== undefined) {
    throw new TeaChestError('engineFailed', l10n.t`The container engine could not push the image: ${message}`, {
      facts: { message },
    });
  }
  const { id, status = '', progressDetail } = step;
  return { id, status, current: progressDetail?.current, total: progressDetail?.total, notice: noticeOf(step) };
}

/** Statuses without a layer that come with every push. */
const usualLines = /^(The push refers to repository \[|[^ ]+: digest: sha256:|Preparing|Waiting)/;

/**
 * A sentence for the person. If platforms of an index are missing, docker pushes the one manifest that is there, and says so
 * in an `aux`, which its command line prints as this text (docker/cli, command/image/push.go). Other notices come as a
 * status without a layer.
 */
function noticeOf({ id, status, aux }: PushStep): string | undefined {
  if (aux?.manifestPushedInsteadOfIndex === true) {
    const { platform, digest = '' } = aux.selectedManifest ?? {};
    const name = [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join('/');
    const which = name === '' ? digest : `${name} (${digest})`;
    return l10n.t`Not all multiplatform-content is present and only the available single-platform image was pushed: ${which}.`;
  }
  if (aux?.contentMissing === true) return l10n.t('Not all of the image’s content is present in the container engine.');
  const isUsual = id !== undefined || status === undefined || status === '' || usualLines.test(status);
  return isUsual ? undefined : status;
}
