import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sleep } from '../../src/core/base/cancel.ts';
import { isCancelled } from '../../src/core/base/errors.ts';
import { createRegistryClient, type RegistryClient } from '../../src/core/gitea/registryClient.ts';
import { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import { pushImage } from '../../src/core/push/pushImage.ts';
import { Reachability } from '../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../src/core/relay/relayEndpoint.ts';
import { UploadsInFlight } from '../../src/core/push/uploadsInFlight.ts';
import { parseRegistryAddress } from '../../src/core/registry/registryAddress.ts';
import { readImage } from '../faults/readImage.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { lingerMs } from '../fakeGitea/http/writeReply.ts';
import { copyBySkopeo } from '../tools/verifyPull.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { bytesOf, dev } from '../unit/gitea/testClient.ts';
import { plainGzip } from '../unit/push/fakes.ts';
import { machine, type Machine } from '../unit/push/relay/relayRig.ts';
import { Chance, someFault } from './soakFaults.ts';

export interface SoakOptions {
  readonly pushes: number;
  readonly atOnce: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakSummary {
  readonly problems: readonly string[];
}

const never = new AbortController().signal;

/** The resources of a process. */
interface Holdings {
  readonly bytes: number;
  readonly handles: number;
  readonly openFiles: number;
}

/** Bytes that may be held after many pushes beyond those after the first few: what caches and the runtime keep. */
const memoryAllowance = 24 * 1024 * 1024;
const warmUp = 16;
const skopeoSample = 10;

/** Pushes many images at the same time through one client, as the extension holds one, with faults all the while. */
export async function soak({ pushes, atOnce, seed, say }: SoakOptions): Promise<SoakSummary> {
  say(`${pushes} pushes, ${atOnce} at once, seed ${seed}`);
  const started = Date.now();
  const run = await SoakRun.open(seed);
  try {
    await run.pushMany(Math.min(warmUp, pushes), atOnce);
    const before = await run.rest();
    await run.pushMany(Math.max(0, pushes - warmUp), atOnce);
    const after = await run.rest();
    await run.check(before, after);
    for (const line of run.lines(before, after)) say(line);
  } finally {
    await run.close();
  }
  for (const problem of new Set(run.problems)) {
    say(`PROBLEM: ${problem} (${run.problems.filter((one) => one === problem).length} times)`);
  }
  say(
    `${run.problems.length === 0 ? 'all is right' : `${run.problems.length} problems`}, ${Math.round((Date.now() - started) / 1000)} s`,
  );
  return run;
}

class SoakRun implements SoakSummary {
  readonly problems: string[] = [];
  readonly #fakeGitea: FakeGitea;
  readonly #scratch: Scratch;
  readonly #chance: Chance;
  readonly #cache: DigestCache;
  readonly #endpoint = new RelayEndpoint({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
  readonly #uploads = new UploadsInFlight();
  readonly #reachability = new Reachability(Date.now);
  #client: RegistryClient;
  /** The config that each tag must have; several, or none (undefined), where a push was cancelled. */
  readonly #tags = new Map<string, readonly (Buffer | undefined)[]>();
  readonly #busy = new Set<string>();
  readonly #underWay = new Map<Machine, number>();
  /** Images to change or to push again, each with its first layer. The oldest are dropped. */
  readonly #images: { readonly image: Machine; readonly layer: Buffer }[] = [];
  readonly #counts = new Map<string, number>();
  #layers = 0;
  #readBySkopeo = 0;

  static async open(seed: number): Promise<SoakRun> {
    return new SoakRun(await startFakeGitea({ tls: 'valid' }), await makeScratch('soak'), seed);
  }

  private constructor(fakeGitea: FakeGitea, scratch: Scratch, seed: number) {
    this.#fakeGitea = fakeGitea;
    this.#scratch = scratch;
    this.#chance = new Chance(seed);
    this.#cache = new DigestCache(join(scratch.path, 'digests.json'), silentLogger, Date.now);
    this.#client = this.#connect();
  }

  async pushMany(count: number, atOnce: number): Promise<void> {
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await this.#pushOne();
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  /**
   * Closes idle connections and collects garbage. The fake Gitea, which runs in this process too, keeps a connection open
   * for a while after an early answer: it is given that time.
   */
  async rest(): Promise<Holdings> {
    this.#fakeGitea.faults.clear();
    await this.#client.close();
    this.#client = this.#connect();
    this.#fakeGitea.clearRequests();
    await sleep(lingerMs + 500, never);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Sockets close in a later turn, and free their memory only then.
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(setImmediate);
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    const handles = process.getActiveResourcesInfo().filter((kind) => !kind.startsWith('Timeout'));
    return {
      bytes: heapUsed + external,
      handles: handles.length,
      openFiles: (await readdir('/proc/self/fd').catch(() => [])).length,
    };
  }

  async check(before: Holdings, after: Holdings): Promise<void> {
    const grown = after.bytes - before.bytes;
    if (grown > memoryAllowance) this.problems.push(`memory grew by ${grown} bytes`);
    if (after.handles > before.handles)
      this.problems.push(`${after.handles} handles where there were ${before.handles}`);
    if (after.openFiles > before.openFiles) {
      this.problems.push(`${after.openFiles} open files where there were ${before.openFiles}`);
    }
    const spools = await readdir(this.#spoolRoot).catch(() => []);
    if (spools.length > 0) this.problems.push(`left in the spool: ${spools.join(', ')}`);
    const sessions = this.#fakeGitea.openSessions().length;
    if (sessions > 0) this.problems.push(`${sessions} upload sessions are open`);
    for (const [reference, wanted] of this.#tags) await this.#checkImage(reference, wanted);
  }

  lines(before: Holdings, after: Holdings): string[] {
    const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    const counts = [...this.#counts].sort().map(([what, count]) => `${count} ${what}`);
    return [
      counts.join(', '),
      `${this.#tags.size} tags read back, ${this.#readBySkopeo} of them by skopeo too`,
      `memory ${mib(before.bytes)} → ${mib(after.bytes)}, handles ${before.handles} → ${after.handles}, open files ${before.openFiles} → ${after.openFiles}`,
    ];
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#fakeGitea.close();
    await this.#scratch.remove();
  }

  get #spoolRoot(): string {
    return join(this.#scratch.path, 'spool');
  }

  async #pushOne(): Promise<void> {
    const kind = this.#chance.pick(['new', 'changed', 'unchanged', 'cancelled']);
    const reference = this.#freeReference();
    const image = this.#imageFor(kind);
    this.#busy.add(reference);
    this.#underWay.set(image, (this.#underWay.get(image) ?? 0) + 1);
    this.#fakeGitea.faults.add(someFault(this.#chance));
    const had = this.#tags.get(reference) ?? [undefined];
    try {
      await this.#push(image, reference, kind === 'cancelled' ? this.#chance.below(25) : undefined);
      this.#tags.set(reference, [image.engine.config]);
      this.#count(`pushed (${kind})`);
    } catch (error) {
      // A cancel may come when the tag is written already.
      this.#tags.set(reference, [...had, image.engine.config]);
      if (kind === 'cancelled' && isCancelled(error)) this.#count('stopped by a cancel');
      else
        this.problems.push(`a push that was ${kind} failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#busy.delete(reference);
      this.#underWay.set(image, (this.#underWay.get(image) ?? 1) - 1);
    }
    if (this.#underWay.get(image) !== 0) return;
    this.#underWay.delete(image);
    if (image.pusher.tags.size > 0) this.problems.push('a temporary name was left');
  }

  /** `cancelAt`: the number of the event at which it is cancelled. */
  async #push(image: Machine, reference: string, cancelAt: number | undefined): Promise<void> {
    const [repository = '', tag = ''] = reference.split(':');
    const controller = new AbortController();
    const { signal } = controller;
    const strategy = this.#chance.pick<'export' | 'relay'>(['export', 'relay']);
    let events = 0;
    const target = await this.#client.repository(repository, { signal });
    await pushImage(
      {
        ...{ image: 'app:1', origin: this.#fakeGitea.origin, repository: `${this.#fakeGitea.host}/${repository}` },
        ...{ tag, codec: plainGzip, parallelBlobs: 2, strategy },
      },
      {
        ...{ source: image.engine, target, cache: this.#cache, spoolRoot: this.#spoolRoot, spoolLimit: 1e8 },
        ...{ logger: silentLogger, now: Date.now, uploads: this.#uploads },
        relay: { pusher: image.pusher, endpoint: this.#endpoint, reachability: this.#reachability },
      },
      {
        signal,
        onEvent: () => {
          if (events++ === cancelAt) controller.abort();
        },
      },
    );
  }

  #freeReference(): string {
    for (;;) {
      const reference = `dev/soak-${this.#chance.below(12)}:${this.#chance.below(4)}`;
      if (!this.#busy.has(reference)) return reference;
    }
  }

  #imageFor(kind: string): Machine {
    const known = this.#images[this.#chance.below(this.#images.length)];
    if (kind === 'unchanged' && known !== undefined) return known.image;
    const own = Array.from({ length: 1 + this.#chance.below(3) }, () => {
      return { bytes: bytesOf(1000 + this.#chance.below(400_000), ++this.#layers) };
    });
    const base = kind === 'changed' && known !== undefined ? [{ bytes: known.layer }] : [];
    const layers = [...base, ...own];
    const image = machine(layers, this.#chance.pick(['classic', 'containerd']));
    this.#images.push({ image, layer: layers[0]?.bytes ?? Buffer.alloc(0) });
    if (this.#images.length > 16) this.#images.shift();
    return image;
  }

  async #checkImage(reference: string, wanted: readonly (Buffer | undefined)[]): Promise<void> {
    const [repository = '', tag = ''] = reference.split(':');
    const authorization = `Basic ${Buffer.from(`${dev.username}:${dev.secret}`).toString('base64')}`;
    try {
      const registry = { origin: this.#fakeGitea.origin, authorization, certificate: this.#fakeGitea.certificatePem };
      const found = await readImage(registry, repository, tag);
      const isWanted = wanted.some((config) =>
        config === undefined ? found === undefined : found?.config.equals(config),
      );
      if (!isWanted) this.problems.push(`${reference} is ${found === undefined ? 'not there' : 'another image'}`);
      if (found === undefined || this.#readBySkopeo >= skopeoSample) return;
      await copyBySkopeo(`${this.#fakeGitea.host}/${reference}`, dev);
      this.#readBySkopeo++;
    } catch (error) {
      this.problems.push(`${reference}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #connect(): RegistryClient {
    return createRegistryClient({
      address: parseRegistryAddress(this.#fakeGitea.origin),
      trust: { pinnedFingerprint: this.#fakeGitea.fingerprint256 ?? '' },
      proxy: { url: undefined, bypass: [] },
      credential: () => Promise.resolve(dev),
      logger: silentLogger,
      chunkMemory: new Map([[this.#fakeGitea.origin, { size: 100_000, limit: undefined }]]),
      environment: {},
      userAgent: 'tea-chest-test',
      timing: { now: Date.now, random: Math.random, sleep: (ms, signal) => sleep(ms / 100, signal) },
    });
  }
}
